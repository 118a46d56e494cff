"""Provides the translations: English stands in the code, Chinese in a catalogue beside this."""

import gettext
import io
import os
from functools import cache
from importlib import resources

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from ledger.messages import Translate
from public_site.settings import Language

CATALOGUES = {"zh": "zh_Hans", "en": None}
LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
HTML_LANGUAGES = {"zh": "zh-Hans", "en": "en"}


@cache
def translations(language: Language) -> gettext.NullTranslations:
    """Return the catalogue of a language; for English an empty one.

    The text catalogue is read as it is: nothing to compile, nothing that can be out of date.
    """
    locale = CATALOGUES[language]
    if locale is None:
        return gettext.NullTranslations()
    file = resources.files(__name__) / locale / "LC_MESSAGES" / "messages.po"
    with file.open("rb") as text:
        catalogue = read_po(text, locale=locale)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translator(language: Language) -> Translate:
    """Return the function that puts an English template into a language."""
    return translations(language).gettext


def command_language(chosen: Language | None) -> Language:
    """Return the language of the command line: as chosen, else by locale, else Chinese."""
    if chosen is not None:
        return chosen
    locale = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "en" if locale.startswith("en") else "zh"
