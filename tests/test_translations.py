"""Tests of the Chinese catalogue: complete, translated, the same places to fill."""

import re
import tomllib
from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from babel.util import pathmatch

ROOT = Path(__file__).parents[1]
ROOMS = ("ledger", "charity", "indices", "public_site")
CATALOGUE = ROOT / "public_site" / "translations" / "zh_Hans" / "LC_MESSAGES" / "messages.po"
PERCENT_PLACE = re.compile(r"%\((\w+)\)s")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def keywords() -> tuple[str, ...]:
    """Return the functions that `make translations` collects from."""
    found = re.findall(r"-k (\w+)", (ROOT / "Makefile").read_text("utf-8"))
    assert "Message" in found
    return tuple(found)


@cache
def extracted() -> frozenset[str]:
    """Return what `make translations` collects: the English texts, the singular of plurals."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    mappings = settings["tool"]["babel"]["mappings"]
    methods = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    options = {
        mapping["pattern"]: {
            key: value for key, value in mapping.items() if key not in {"method", "pattern"}
        }
        for mapping in mappings
    }
    found = extract_from_dir(
        str(ROOT),
        methods,
        options,
        {**DEFAULT_KEYWORDS, **dict.fromkeys(keywords())},
        directory_filter=_is_ours,
    )
    texts = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    return frozenset(texts)


def test_every_kind_of_refusal_is_collected() -> None:
    """A class that carries a message, and is missing from the Makefile, would stay English."""
    refusals = {"Refused", "WrongUse"}
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    texts = [path.read_text("utf-8") for path in sources]
    for _ in range(3):  # classes of classes
        known = "|".join(sorted(refusals))
        refusals |= {
            name for text in texts for name in re.findall(rf"class (\w+)\((?:{known})\)", text)
        }
    assert len(refusals) > 10
    assert refusals <= set(keywords())


def _is_ours(folder: str | Path) -> bool:
    name = Path(folder).name
    return not name.startswith((".", "_")) and not pathmatch("tests", name) and name != "var"


@cache
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def entries() -> list[Message]:
    return [message for message in catalogue() if message.id]


def english(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def chinese(message: Message) -> tuple[str, ...]:
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(message.string or ("",))


def places(text: str, *, percent: bool) -> set[str]:
    """Return the names of the values that a text takes."""
    if percent:
        return set(PERCENT_PLACE.findall(text))
    return {name.partition("!")[0] for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_something_is_extracted() -> None:
    assert len(extracted()) > 200
    assert "Account book" in extracted()
    assert "There is no log in this database yet. Make one with: charity init" in extracted()


def test_every_text_of_the_code_is_in_the_catalogue() -> None:
    assert extracted() - {english(message)[0] for message in entries()} == set()


def test_the_catalogue_holds_nothing_that_the_code_no_longer_has() -> None:
    assert {english(message)[0] for message in entries()} - extracted() == set()
    assert not catalogue().obsolete


def test_every_text_is_translated_and_none_is_uncertain() -> None:
    empty = [message.id for message in entries() if not all(chinese(message))]
    fuzzy = [message.id for message in entries() if message.fuzzy]
    assert (empty, fuzzy) == ([], [])


def test_translations_are_chinese() -> None:
    """A text without a Chinese character is only right where the English has no word either."""
    untouched = [
        message.id
        for message in entries()
        if any(text and not CHINESE.search(text) for text in chinese(message))
        and re.search(r"[A-Za-z]{2}", re.sub(r"\{[^}]*\}|%\(\w+\)s|--\w+", "", english(message)[0]))
    ]
    assert untouched == []


def test_translations_take_the_same_values() -> None:
    differing = []
    for message in entries():
        percent = any(PERCENT_PLACE.search(text) for text in english(message))
        wanted = set().union(*(places(text, percent=percent) for text in english(message)))
        for text in filter(None, chinese(message)):
            given = places(text, percent=percent)
            # A Chinese plural needs the number only where the sentence shows it.
            if given != wanted and given | {"count"} != wanted | {"count"}:
                differing.append((message.id, text))
    assert differing == []
