"""Provides the finding of organisations' names that may be one name, written in two ways.

Never used for names of persons: two people may have one name. What is found is a suggestion, which
a person decides. Names are looked up by what is left of them, never each against each.
"""

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from itertools import combinations
from typing import Any, Final

_WORDS: Mapping[str, Any] = tomllib.loads(
    files("charity.donors").joinpath("same_names.toml").read_text("utf-8")
)
_FOLDED: Final = {ord(other): group[0] for group in _WORDS["variants"] for other in group[1:]}
_TELLING: Final = frozenset(_WORDS["telling"].translate(_FOLDED))
SLIP_CHARACTERS_MIN: Final = 6
"""What is left of a name must be so long: in shorter ones another character is another name."""

ALIKE_MAX: Final = 20
"""So many names that are left with the same are paired with each other: beyond, it is a pattern."""

PART: Final = "\n"
"""Stands between an organisation and its branch."""


def _any_of(words: Sequence[str]) -> str:
    folded = {word.translate(_FOLDED) for word in words}
    return "|".join(re.escape(word) for word in sorted(folded, key=len, reverse=True))


_FORMS: Final = _any_of(_WORDS["forms"])
_PLACES: Final = _any_of(_WORDS["places"])
_FORM_AT_END: Final = re.compile(rf"(?P<head>.{{2,}}?)(?:{_FORMS})")
_BRANCH: Final = re.compile(
    rf"(?P<whole>.{{2,}}(?:{_FORMS}))(?P<part>.{{0,12}}?(?:{_any_of(_WORDS['branches'])}))"
)
_PLACE_BEFORE: Final = re.compile(rf"(?:{_PLACES})(?=.{{2}})")
_PLACE_IN_BRACKETS: Final = re.compile(rf"\((?:{_PLACES})\)")
_MARKS: Final = re.compile(r"[\W_]+")


class Likeness(StrEnum):
    """Why two names may be one.

    WRITING: only width, brackets, blanks, old characters differ. PLACE: Shenzhen stands before one
    of them, or in brackets. FORM: the legal form is written otherwise. SLIP: one character differs.
    """

    WRITING = "writing"
    PLACE = "place"
    FORM = "form"
    SLIP = "slip"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a name is: as written without marks, without its place, and what is left of it."""

    written: str
    placed: str
    left: str


@dataclass(frozen=True, slots=True)
class Likely:
    """Two names that may be one, by their places in what was given, and why."""

    one: int
    other: int
    likeness: Likeness


def read_name(name: str) -> Reading:
    """Return what a name of an organisation is, however it is written."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(_FOLDED)
    written = _MARKS.sub("", text)
    without = _MARKS.sub("", _PLACE_IN_BRACKETS.sub("", "".join(text.split())))
    placed = _without_place(without)
    branch = _BRANCH.fullmatch(placed)
    if branch is None:
        return Reading(written, placed, _without_form(placed))
    part = _without_place(branch["part"])
    return Reading(written, placed, f"{_without_form(branch['whole'])}{PART}{part}")


def _without_place(text: str) -> str:
    return _PLACE_BEFORE.sub("", text, count=1) if _PLACE_BEFORE.match(text) else text


def _without_form(text: str) -> str:
    form = _FORM_AT_END.fullmatch(text)
    return form["head"] if form else text


def likeness_of(one: Reading, other: Reading) -> Likeness | None:
    """Return why two names may be one; None if nothing speaks for it."""
    if one.written == other.written:
        return Likeness.WRITING
    if one.placed == other.placed:
        return Likeness.PLACE
    if one.left == other.left:
        return Likeness.FORM
    return Likeness.SLIP if _is_slip(one.left, other.left) else None


def _is_long(left: str) -> bool:
    return len(left.partition(PART)[0]) >= SLIP_CHARACTERS_MIN


def _is_slip(one: str, other: str) -> bool:
    """Return whether one character was changed, left out or put in, and it tells nothing apart."""
    if not (_is_long(one) and _is_long(other)) or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    changed = one[start : len(one) - end], other[start : len(other) - end]
    if max(map(len, changed)) > 1:
        return False
    return not any(character in _TELLING or character == PART for character in "".join(changed))


def _shortened(left: str) -> Iterator[str]:
    """Yield a text and what it is without each of its characters.

    Two texts that differ by one slip have one of these in common.
    """
    yield left
    for place in range(len(left)):
        yield left[:place] + left[place + 1 :]


def near_names(names: Sequence[str]) -> list[Likely]:
    """Return the pairs of names that may be one, the surest first.

    Takes a few seconds for 100,000 names, nearly all of it for slips.
    """
    readings = [read_name(name) for name in names]
    alike: dict[str, list[int]] = defaultdict(list)
    for place, reading in enumerate(readings):
        alike[reading.left].append(place)
    pairs = {
        pair for places in alike.values() for pair in combinations(sorted(places)[:ALIKE_MAX], 2)
    }
    for one, other in _slips(list(alike)):
        pair = sorted((alike[one][0], alike[other][0]))
        pairs.add((pair[0], pair[1]))
    found = [
        Likely(one, other, likeness)
        for one, other in pairs
        if (likeness := likeness_of(readings[one], readings[other])) is not None
    ]
    order = list(Likeness)
    return sorted(found, key=lambda pair: (order.index(pair.likeness), pair.one, pair.other))


def _slips(lefts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of different texts that one slip may have made of each other."""
    there: dict[int, int | list[int]] = {}  # a number alone takes less than a list of one
    for place, left in enumerate(lefts):
        if not _is_long(left):
            continue
        for key in set(map(hash, _shortened(left))):
            known = there.setdefault(key, place)
            if isinstance(known, list):
                known.append(place)
            elif known != place:
                there[key] = [known, place]
    for places in there.values():
        if isinstance(places, list) and len(places) <= ALIKE_MAX:
            for one, other in combinations(places, 2):
                if _is_slip(lefts[one], lefts[other]):
                    yield lefts[one], lefts[other]
