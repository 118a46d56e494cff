"""Provides the rendering of pages: one template environment for each language."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import State

from ledger.log import Ledger
from ledger.reading import Head, read_head
from public_site import formatting
from public_site.settings import Language
from public_site.translations import translations

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
LANGUAGES: tuple[Language, Language] = ("zh", "en")

PAGES = {
    "home": "",
    "organisations": "organisations",
    "check": "check",
    "receipt": "receipt",
    "receipt_checker": "receipt-checker.html",
    "organisation": "organisations/{code}",
    "donations": "organisations/{code}/donations",
    "entry": "entries/{position}",
    "trace": "entries/{position}/trace",
    "sign_in": "workplace/sign-in",
    "sign_out": "workplace/sign-out",
    "second_factor": "workplace/second-factor",
    "second_factor_set_up": "workplace/second-factor/set-up",
    "second_factor_anew": "workplace/second-factor/anew",
    "invitation": "workplace/invitations/{secret}",
    "forgotten": "workplace/forgotten",
    "new_password": "workplace/new-password/{secret}",
    "account": "workplace/account",
    "workplace": "workplace",
    "people": "workplace/people",
    "acts": "workplace/acts",
    "overview": "workplace/{code}",
    "batches": "workplace/{code}/batches",
    "batch": "workplace/{code}/batches/{batch}",
    "upload": "workplace/{code}/upload",
    "record": "workplace/{code}/records/{kind}",
    "record_draft": "workplace/{code}/batches/{batch}/records",
    "harvest": "workplace/{code}/harvest",
    "tokens": "workplace/{code}/tokens",
    "api": "api",
    "api_problem": "api/problems/{code}",
    "receipts": "workplace/{code}/receipts",
    "receipts_issue": "workplace/{code}/receipts/issue",
    "receipts_archive": "workplace/{code}/receipts/archive",
    "donation_receipt": "workplace/{code}/receipts/{receipt}",
    "donors": "workplace/{code}/donors",
    "all_donors": "workplace/donors",
}

LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\]|testserver)(:[0-9]{1,5})?")

SiteRequest = Request[Any, Any, State]


def page_path(language: Language, page: str, /, **values: object) -> str:
    """Return the path of a page in a language."""
    filled = {name: quote(str(value)) for name, value in values.items()}
    return f"/{language}/{PAGES[page].format(**filled)}"


@cache
def environment(language: Language) -> Environment:
    """Return the template environment of a language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    # The method is added by the extension, so the checker does not know it.
    made.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True
    )
    made.globals.update(
        language=language,
        url=partial(page_path, language),
        asset=asset,
        money=formatting.money,
        money_short=partial(formatting.money_short, language=language),
        number=formatting.number,
        share=formatting.share,
        day=partial(formatting.day, language=language),
        instant=partial(formatting.instant, language=language),
    )
    return made


@cache
def asset(name: str) -> str:
    """Return the address of a static file, which changes whenever its content does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def _checkpoint(head: Head | None) -> dict[str, object] | None:
    if head is None:
        return None
    root = head.note.splitlines()[2]
    return {"size": head.size, "root": root, "published_at": head.published_at}


def site_address(request: SiteRequest) -> str:
    """Return the address of the site: the log's origin, or this machine while it is tried out.

    Whatever else a visitor puts into the Host header never comes into a page.
    """
    host = request.headers.get("host", "")
    if LOCAL_HOST.fullmatch(host):
        return f"{request.scope['scheme']}://{host}"
    return f"https://{request.app.state.ledger.origin}"


def address_for_letters(request: SiteRequest) -> str:
    """Return the address of the site as letters say it: a Host header never changes it."""
    origin: str = request.app.state.ledger.origin
    return site_address(request) if LOCAL_HOST.fullmatch(origin) else f"https://{origin}"


def _alternates(request: SiteRequest) -> dict[str, str]:
    """Return the address of this page in each language."""
    base = site_address(request)
    _, _, rest = request.scope["path"].lstrip("/").partition("/")
    query = (
        f"?{urlencode(list(request.query_params.multi_items()))}" if request.query_params else ""
    )
    return {language: f"{base}/{language}/{quote(rest)}{query}" for language in LANGUAGES}


def rendered(
    request: SiteRequest,
    language: Language,
    template: str,
    context: Mapping[str, object],
    *,
    section: str = "",
    status: int = 200,
) -> Response[str]:
    """Return a page: a template with what it shows and what every page shows.

    The checkpoint is the newest that this process has read.
    """
    ledger: Ledger = request.app.state.ledger
    alternates = _alternates(request)
    html = (
        environment(language)
        .get_template(template)
        .render(
            **context,
            alternates=alternates,
            page_url=alternates[language],
            sample=ledger.sample,
            origin=ledger.origin,
            checkpoint=_checkpoint(request.app.state.get("head")),
            section=section,
        )
    )
    return Response(html, media_type=MediaType.HTML, status_code=status)


async def page(
    request: SiteRequest,
    language: Language,
    template: str,
    context: Mapping[str, object],
    *,
    section: str = "",
) -> Response[str]:
    """Read the newest checkpoint and return the page."""
    request.app.state.head = await read_head()
    return rendered(request, language, template, context, section=section)
