"""Provides what a printed donor's name tells: nobody, a masked person, an organisation, a payer."""

import re
import tomllib
import unicodedata
from importlib.resources import files
from typing import Any

from charity.reporting.cells import clean_text

LONGEST_ORGANISATION = 60

_WORDS: dict[str, Any] = tomllib.loads(
    files("charity.donors").joinpath("names.toml").read_text("utf-8")
)
NO_NAMES = frozenset[str](_WORDS["no_name"])
HANDED_ON: tuple[str, ...] = tuple(_WORDS["handed_on"])
_GIFT_WORDS: tuple[str, ...] = tuple(_WORDS["gift_words"])


def _any_of(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_CERTAIN = re.compile(rf".{{2,}}(?:{_any_of(_WORDS['organisation']['certain'])})")
_LIKELY = re.compile(rf".{{3,}}(?:{_any_of(_WORDS['organisation']['likely'])})")
_LAST_CHARACTERS = frozenset(
    ending[-1] for ending in _WORDS["organisation"]["certain"] + _WORDS["organisation"]["likely"]
) | set(")）")
_UNSURE = re.compile(_any_of(_WORDS["organisation"]["unsure"]))
_CHARITY = re.compile(rf".{{2,}}(?:{_any_of(_WORDS['charity']['endings'])})")
_COUNTED = re.compile(r"[0-9]\s*(?:[元名位万]|人(?!民))|[0-9][^0-9]+[0-9]")
_BRACKETED = re.compile(r"(?P<head>.*[^()])\((?P<content>[^()]+)\)")
_MASKED = re.compile(
    rf"[{re.escape(_WORDS['mask_characters'])}]|某|^[^\W\d_][xX]{{1,2}}$|^[xX]{{2,}}$"
    rf"|^.{{1,2}}(?:{_any_of(_WORDS['courtesy'])})$"
)
_UNNAMED = frozenset[str](_WORDS["unnamed"])
# Telephone, identity and card numbers, also written in groups.
_PERSONAL_NUMBER = re.compile(r"\d(?:[\s\-‐‑‒–—－]{0,3}\d){6}")


def clean_name(text: str) -> str | None:
    """Return a printed name without invisible characters, or None if it names nobody.

    Visible characters stay as printed; runs of blanks become one.
    """
    name = clean_text(text)
    return None if not name or name in NO_NAMES else name


def is_masked(name: str) -> bool:
    """Tell whether the name hides who gave (`*静`, `张**`, `某先生`, `爱心人士`).

    Gifts under one masked name are not gifts of one donor.
    """
    return names_nobody(name) or _MASKED.search(name) is not None


def names_nobody(name: str) -> bool:
    """Tell whether the name is a word for somebody who is not named at all (`匿名`, `爱心人士`)."""
    return name.casefold() in _UNNAMED


def holds_personal_number(name: str) -> bool:
    """Tell whether a number of a person may stand in the name: seven digits or more in a run.

    Blanks and hyphens between the digits do not end the run.
    """
    return _PERSONAL_NUMBER.search(name) is not None


def is_organisation(name: str) -> bool:
    """Tell whether the name is surely an organisation's and holds no person's name.

    False means “not sure”. A bracket at the end is allowed if it holds an organisation itself.
    """
    if name[-1:] not in _LAST_CHARACTERS:  # most names are persons': told by one look
        return False
    text = unicodedata.normalize("NFKC", name)
    if holds_personal_number(text):
        return False
    if len(text) > LONGEST_ORGANISATION or " " in text or _COUNTED.search(text):
        return False
    if _UNSURE.search(text) or is_masked(text):
        return False
    if match := _BRACKETED.fullmatch(text):
        return _has_ending(match["head"]) and _has_ending(match["content"])
    return _has_ending(text)


def is_charity(name: str) -> bool:
    """Tell whether the name is surely a charity's: its gifts are onward transfers."""
    if not is_organisation(name):
        return False
    text = unicodedata.normalize("NFKC", name)
    match = _BRACKETED.fullmatch(text)
    return _CHARITY.fullmatch(match["head"] if match else text) is not None


def split_on_behalf(name: str) -> tuple[str | None, str]:
    """Split `A转来B捐款` into payer A and donor B; the payer of any other name is None."""
    for word in HANDED_ON:
        payer, found, donor = (part.strip() for part in name.partition(word))
        if found and payer and donor and donor not in _GIFT_WORDS:
            ending = next((gift for gift in _GIFT_WORDS if donor.endswith(gift)), "")
            return payer, donor.removesuffix(ending).rstrip()
    return None, name


def _has_ending(text: str) -> bool:
    return _CERTAIN.fullmatch(text) is not None or _LIKELY.fullmatch(text) is not None
