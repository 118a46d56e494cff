"""Provides the finding of a table in a sheet: its header row, its columns and its unit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Literal, NamedTuple, NoReturn, cast, get_args

from charity.reporting.cells import Cell, cell_name, clean_text, plain_text
from charity.reporting.column_mapping import IGNORE, LISTED_ONLY, assigned, header_names
from charity.reporting.problems import Findings
from charity.reporting.vocabulary import VOCABULARY, Role
from charity.reporting.workbooks import Sheet
from ledger.messages import Refused

Found = list[tuple[int, tuple[Role, int]]]
"""Columns with their role and its rank, from the left."""

_ROLE_WORDS: dict[Role, dict[str, list[str]]] = {role: VOCABULARY[role] for role in get_args(Role)}
_UNITS: dict[str, int] = VOCABULARY["units"]
_UNIT_NAMES = {fen: unit for unit, fen in reversed(_UNITS.items())}
_OTHER = re.compile("|".join(map(re.escape, VOCABULARY["other"]["containing"])))
_ROLES: dict[str, tuple[Role, int]] = {
    name: (role, rank)
    for role, words in _ROLE_WORDS.items()
    for rank, name in enumerate(words["names"])
}
_ENDINGS: dict[str, Role] = {
    ending: role for role, words in _ROLE_WORDS.items() for ending in words["endings"]
}
_SPENDING = {
    kind: re.compile("|".join(map(re.escape, words)))
    for kind, words in VOCABULARY["spending"].items()
}
_LONGEST_TITLE = 40
_ONLY_ONE: frozenset[Role] = frozenset({"amount", "currency", "status", "code"})
# One of these tells gifts apart, and no two columns may be called so alike.
TELLING: frozenset[Role] = frozenset({"donor", "day", "transaction"})
_LOWEST_RANK = 1_000
_BY_HAND = -1
SEARCHED_ROWS = 60
_MERGES_READ = 1_000
_LONGEST_HEADER = 30
_BRACKETS = re.compile(r"\([^()]*\)")
_UNIT = re.compile(r"(?:人民币)?([千万亿]?[元圆])")
_UNIT_ABOVE = re.compile(r"单位\s*[::]?\s*(?:人民币)?\s*([千万亿]?[元圆])")
_FOREIGN = re.compile(r"美元|港币|港元|欧元|英镑|日元|usd|hkd|eur|gbp|jpy|[$€£]")
_UNIT_END = re.compile(r"[/:,-]?(?:人民币)?[千万亿]?[元圆]$|[/:,-]?(?:rmb|cny|yuan)$|:$")


class Columns(NamedTuple):
    """The 0-based columns of a table; None for one that the table does not have."""

    amount: int
    donor: int | None = None
    day: int | None = None
    time: int | None = None
    transaction: int | None = None
    remark: int | None = None
    number: int | None = None
    currency: int | None = None
    status: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of donations within a sheet.

    Attributes:
        sheet: The sheet.
        header: 0-based row of the header.
        columns: Where things stand.
        headed: The columns whose header holds any text.
        scale: Fen in one unit of the amount column.
        title: First line above the table.
        added: Number of cells that were added at the end of each row of the sheet.
    """

    sheet: Sheet
    header: int
    columns: Columns
    headed: frozenset[int]
    scale: int
    title: str | None
    added: int = 0


class HeaderRow(NamedTuple):
    """A row that may be a table's header.

    Attributes:
        at: 0-based row.
        names: By what name each column is called.
        texts: What stands above each column, as plain text.
        found: The columns with their roles, by hand or recognised.
        by_hand: Roles given by hand to a column that was not recognised as such.
        assigned: Number of columns that have their role by hand.
    """

    at: int
    names: tuple[str, ...]
    texts: list[str]
    found: Found
    by_hand: frozenset[str]
    assigned: int

    @property
    def is_of_gifts(self) -> bool:
        """Whether there is an amount and something that tells the gifts apart."""
        roles = {role for _, (role, _) in self.found}
        return "amount" in roles and len(roles) > 1


def role_of(header: str) -> tuple[Role, int] | None:
    """Return what a column holds by its header, and the rank of that wording (0 is best)."""
    text = re.sub(r"[\s._]", "", header).casefold()
    if not text or len(text) > _LONGEST_HEADER or _OTHER.search(text):
        return None
    bare = _UNIT_END.sub("", _BRACKETS.sub("", text))
    for name in (text, _UNIT_END.sub("", text), bare):
        if name in _ROLES:
            return _ROLES[name]
    return next(
        ((role, _LOWEST_RANK) for ending, role in _ENDINGS.items() if bare.endswith(ending)), None
    )


def find_table(
    sheet: Sheet, findings: Findings, columns: Mapping[str, str]
) -> Table | Literal["goods", "spending"] | None:
    """Find the table of a sheet.

    Args:
        sheet: The sheet.
        findings: Takes up problems and notices.
        columns: Role of each column that a person assigned by hand, by its name; such a role wins
            over what is recognised.

    Returns:
        The table, the words `goods` or `spending` for a list of these, or None if there is no
        table or if its columns cannot be told apart, which is then among the problems.

    Raises:
        Refused: The roles given by hand do not make a table.
    """
    for header in header_rows(sheet, columns):
        roles = {role for _, (role, _) in header.found}
        if roles & LISTED_ONLY and len(roles) > 1:
            return "goods"
        if "amount" in roles and "donor" not in header.by_hand and _is_spending(sheet, header):
            return "spending"
        if header.is_of_gifts:
            if header.assigned and not roles & TELLING:
                refuse_incomplete()
            return _table(sheet, header, findings)
    return None


def refuse_incomplete() -> NoReturn:
    """Refuse roles given by hand that make no table."""
    raise Refused(
        "Of the columns assigned by hand one must be the amount, and another one the donor, the day"
        " or the transaction."
    )


def header_rows(sheet: Sheet, columns: Mapping[str, str]) -> Iterator[HeaderRow]:
    """Yield the rows that may be a header; first those that hold a column named by hand."""
    merged = _merged_downwards(sheet)
    rows = (
        _header_row(sheet, index, merged, columns)
        for index in range(min(SEARCHED_ROWS, len(sheet.rows)))
    )
    if not columns:
        yield from rows
        return
    # Blank cells are called by their column, so that any row may hold some of the names.
    yield from sorted(rows, key=_most_by_hand)


def names_in(sheet: Sheet) -> set[str]:
    """Return by what names a column of this sheet may be called."""
    return {name for header in header_rows(sheet, {}) for name in header.names}


def _most_by_hand(row: HeaderRow) -> tuple[int, int]:
    """Return a key that sorts the row first which holds most columns assigned by hand."""
    return -row.assigned, -sum(map(bool, row.texts)) if row.assigned else 0


def chosen_roles(header: HeaderRow) -> tuple[str | None, ...]:
    """Return the role of each column as the table is read; of several alike the best one has it.

    Columns that cannot be told apart all have it.
    """
    best: dict[str, int] = {}
    for _, (role, rank) in header.found:
        best[role] = min(rank, best.get(role, rank))
    roles: list[str | None] = [None] * len(header.texts)
    for at, (role, rank) in header.found:
        if role not in LISTED_ONLY and (role in _ONLY_ONE or rank == best[role]):
            roles[at] = role
    return tuple(roles)


def _merged_downwards(sheet: Sheet) -> dict[tuple[int, int], int]:
    """Return place → the row above, in which the text stands that is printed across both."""
    ranges = (
        (first, last[0], at)
        for (first, at), last in islice(sheet.merged, _MERGES_READ)
        if first < last[0] and first < SEARCHED_ROWS
    )
    return {
        (row, at): first
        for first, last, at in ranges
        for row in range(first + 1, min(last + 1, SEARCHED_ROWS))
    }


def _header_row(
    sheet: Sheet, index: int, merged: Mapping[tuple[int, int], int], columns: Mapping[str, str]
) -> HeaderRow:
    cells = [
        sheet.rows[merged[index, at]][at] if cell == "" and (index, at) in merged else cell
        for at, cell in enumerate(sheet.rows[index])
    ]
    printed = [cell if isinstance(cell, str) else "" for cell in cells]
    texts = list(map(plain_text, printed))
    recognised = {at: role for at, text in enumerate(texts) if (role := role_of(text))}
    names = header_names(printed)
    given = assigned(names, columns) if columns else {}
    roles = set(given.values())
    found: Found = [
        (at, (cast("Role", given[at]), _BY_HAND)) if at in given else (at, recognised[at])
        for at in sorted({*given, *recognised})
        if (given[at] != IGNORE if at in given else recognised[at][0] not in roles)
    ]
    by_hand = frozenset(
        role for at, role in given.items() if at not in recognised or recognised[at][0] != role
    )
    return HeaderRow(index, names, texts, found, by_hand, len(given))


def lines_above(sheet: Sheet, header: int) -> list[tuple[str, Cell]]:
    """Return the cells above a header that are not blank, with their names."""
    return [
        (cell_name(index + 1, at), cell)
        for index, row in enumerate(sheet.rows[:header])
        for at, cell in enumerate(row)
        if plain_text(cell)
    ]


def _is_spending(sheet: Sheet, header: HeaderRow) -> bool:
    compact = [re.sub(r"[\s._]", "", text).casefold() for text in header.texts]
    donors = [compact[at] for at, (role, _) in header.found if role == "donor"]
    amounts = [compact[at] for at, (role, _) in header.found if role == "amount"]
    if donors and any(map(_SPENDING["giving"].search, donors + amounts)):
        return False
    if not donors and any(map(_SPENDING["headers"].search, compact)):
        return True
    titles = (plain_text(cell).casefold() for _, cell in lines_above(sheet, header.at))
    return any(
        len(title) <= _LONGEST_TITLE
        and _SPENDING["titles"].search(title)
        and not _SPENDING["titles_of_both"].search(title)
        for title in titles
    )


def _table(sheet: Sheet, header: HeaderRow, findings: Findings) -> Table | None:
    chosen: dict[str, int] = {}
    for role in dict.fromkeys(role for _, (role, _) in header.found):
        at = _best(role, header, sheet, findings)
        if at is None:
            return None
        chosen[role] = at
    above = lines_above(sheet, header.at)
    scale = _scale(header.texts[chosen["amount"]], above, sheet.name, findings)
    if scale is None:
        return None
    return Table(
        sheet,
        header.at,
        Columns(**{role: at for role, at in chosen.items() if role in Columns._fields}),
        frozenset(at for at, text in enumerate(header.texts) if text).union(chosen.values()),
        scale,
        _title(above),
    )


def _best(role: Role, header: HeaderRow, sheet: Sheet, findings: Findings) -> int | None:
    """Return the column of a role; some must be the only one, and no header may repeat."""
    same = sorted((rank, at) for at, (of, rank) in header.found if of == role)
    for (rank, at), (other_rank, other) in combinations(same, 2):
        if role in _ONLY_ONE or (rank == other_rank and role in TELLING):
            findings.problem(
                "column_ambiguous",
                sheet.name,
                cell_name(header.at + 1, other),
                first=cell_name(header.at + 1, at),
                second=cell_name(header.at + 1, other),
            )
            return None
    return same[0][1]


def _scale(
    amount_header: str, above: list[tuple[str, Cell]], sheet: str, findings: Findings
) -> int | None:
    texts = [plain_text(cell) for _, cell in above]
    stated = {match[1] for text in texts if (match := _UNIT_ABOVE.search(text))}
    own = _UNIT.search(amount_header)
    told = [amount_header, *(text for text in texts if "单位" in text or "币种" in text)]
    foreign = _FOREIGN.search(" ".join(told).casefold())
    if foreign:
        findings.problem("list_currency_foreign", sheet, None, found=foreign[0])
        return None
    units = stated | ({own[1]} if own else set())
    scales = {_UNITS[unit] for unit in units}
    if len(scales) > 1:
        findings.problem(
            "unit_contradicts",
            sheet,
            None,
            header=own[1] if own else "—",
            above=", ".join(sorted(stated)),
        )
        return None
    scale = scales.pop() if scales else _UNITS["元"]
    if scale != _UNITS["元"]:
        yuan = f"{scale // _UNITS['元']:,}"
        findings.notice("unit_scaled", sheet, None, unit=_UNIT_NAMES[scale], yuan=yuan)
    return scale


def _title(above: list[tuple[str, Cell]]) -> str | None:
    texts = (clean_text(cell) for _, cell in above if isinstance(cell, str))
    return next((text for text in texts if not _UNIT_ABOVE.match(plain_text(text))), None)
