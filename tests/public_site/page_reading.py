"""Provides reading of HTML for tests: a tree that is strict about nesting, and questions to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})


@dataclass
class Element:
    """An element with its attributes, children and texts in the order of the page."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    def every(self, *tags: str) -> Iterator["Element"]:
        """Yield this element and all below it that have one of these tags; all without tags."""
        if not tags or self.tag in tags:
            yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.every(*tags)

    def one(self, tag: str) -> "Element":
        """Return the only element below that has this tag."""
        [found] = self.every(tag)
        return found

    def with_class(self, name: str) -> list["Element"]:
        """Return the elements below that have this class."""
        return [each for each in self.every() if name in each.get("class").split()]

    def get(self, name: str) -> str:
        """Return an attribute, or an empty text."""
        return self.attributes.get(name, "")

    @property
    def text(self) -> str:
        """All text inside, blanks folded."""
        return " ".join("".join(self.texts()).split())

    def texts(self) -> Iterator[str]:
        """Yield the pieces of text inside."""
        for child in self.children:
            if isinstance(child, Element):
                yield from child.texts()
            else:
                yield child

    def inside(self, *tags: str) -> bool:
        """Return whether the element is below one of these tags."""
        above = self.parent
        while above is not None:
            if above.tag in tags:
                return True
            above = above.parent
        return False


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}> at {self.getpos()}"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def read_page(html: str) -> Element:
    """Return the page as a tree; fails where elements are not nested properly."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root.one("html")


def links(page: Element) -> list[str]:
    """Return the addresses of the links of a page."""
    return [link.get("href") for link in page.every("a") if link.get("href")]


NOTHING_SPENT = {"none reported yet", "尚无支出申报"}


def statement(page: Element) -> dict[str, int]:
    """Return the amounts of the account on a page, in fen, in the order of its lines."""
    [table] = page.with_class("statement")
    cells = [cell.text for cell in table.with_class("money")]
    amounts = [0 if text in NOTHING_SPENT else fen(text) for text in cells]
    names = ("received", "transferred", "refunded", "spent", "held")
    if len(amounts) == 4:
        amounts.insert(1, 0)
    return dict(zip(names, amounts, strict=True))


def fen(text: str) -> int:
    """Return an amount as a page writes it (−¥1,234.50, +¥1.00) in fen."""
    sign = -1 if text.startswith(("−", "-")) else 1
    yuan, _, rest = text.lstrip("+−-¥ ").replace(",", "").partition(".")
    assert len(rest) == 2, text
    return sign * (int(yuan) * 100 + int(rest))
