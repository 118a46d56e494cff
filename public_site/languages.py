"""Provides the choice of a page's language."""

from litestar.exceptions import NotFoundException

from public_site.rendering import LANGUAGES, SiteRequest
from public_site.settings import Language


def language_of(text: str) -> Language:
    """Return the language that a path begins with.

    Raises:
        NotFoundException: it begins with something else.
    """
    for language in LANGUAGES:
        if text == language:
            return language
    raise NotFoundException


def preferred_language(request: SiteRequest) -> Language:
    """Return the language that the reader's browser prefers; Chinese where it says nothing."""
    for part in request.headers.get("accept-language", "").lower().split(","):
        wanted = part.strip()[:2]
        for language in LANGUAGES:
            if wanted == language:
                return language
    return "zh"
