"""Provides the finding of a table in a sheet: its header row, its columns and its unit."""

import re
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple, get_args

from charity.reporting.cells import Cell, cell_name, clean_text, plain_text
from charity.reporting.problems import Findings
from charity.reporting.vocabulary import VOCABULARY
from charity.reporting.workbooks import Sheet

Role = Literal[
    "donor", "amount", "day", "time", "transaction", "remark", "number", "currency", "status",
    "quantity", "goods",
]  # fmt: skip

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
_ONLY_ONE: frozenset[Role] = frozenset({"amount", "currency", "status"})
_LOWEST_RANK = 1_000
_SEARCHED_ROWS = 60
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


def find_table(sheet: Sheet, findings: Findings) -> Table | Literal["goods", "spending"] | None:
    """Find the table of a sheet.

    Returns:
        The table, the words `goods` or `spending` for a list of these, or None if there is no
        table or if its columns cannot be told apart, which is then among the problems.
    """
    for index, row in enumerate(sheet.rows[:_SEARCHED_ROWS]):
        headers = [plain_text(cell) if isinstance(cell, str) else "" for cell in row]
        found = [(at, role) for at, text in enumerate(headers) if (role := role_of(text))]
        roles = {role for _, (role, _) in found}
        if roles & {"quantity", "goods"} and len(roles) > 1:
            return "goods"
        if "amount" in roles and _is_spending(sheet, index, headers, found):
            return "spending"
        if "amount" in roles and len(roles) > 1:
            return _table(sheet, index, headers, found, findings)
    return None


def lines_above(sheet: Sheet, header: int) -> list[tuple[str, Cell]]:
    """Return the cells above a header that are not blank, with their names."""
    return [
        (cell_name(index + 1, at), cell)
        for index, row in enumerate(sheet.rows[:header])
        for at, cell in enumerate(row)
        if plain_text(cell)
    ]


def _is_spending(
    sheet: Sheet, header: int, headers: list[str], found: list[tuple[int, tuple[Role, int]]]
) -> bool:
    compact = [re.sub(r"[\s._]", "", text).casefold() for text in headers]
    donors = [compact[at] for at, (role, _) in found if role == "donor"]
    amounts = [compact[at] for at, (role, _) in found if role == "amount"]
    if donors and any(map(_SPENDING["giving"].search, donors + amounts)):
        return False
    if not donors and any(map(_SPENDING["headers"].search, compact)):
        return True
    titles = (plain_text(cell).casefold() for _, cell in lines_above(sheet, header))
    return any(
        len(title) <= _LONGEST_TITLE
        and _SPENDING["titles"].search(title)
        and not _SPENDING["titles_of_both"].search(title)
        for title in titles
    )


def _table(
    sheet: Sheet,
    header: int,
    headers: list[str],
    found: list[tuple[int, tuple[Role, int]]],
    findings: Findings,
) -> Table | None:
    chosen: dict[str, int] = {}
    for role in dict.fromkeys(role for _, (role, _) in found):
        at = _best(role, found, sheet, header, findings)
        if at is None:
            return None
        chosen[role] = at
    above = lines_above(sheet, header)
    scale = _scale(headers[chosen["amount"]], above, sheet.name, findings)
    if scale is None:
        return None
    return Table(
        sheet,
        header,
        Columns(**{role: at for role, at in chosen.items() if role in Columns._fields}),
        frozenset(at for at, text in enumerate(headers) if text),
        scale,
        _title(above),
    )


def _best(
    role: Role,
    found: list[tuple[int, tuple[Role, int]]],
    sheet: Sheet,
    header: int,
    findings: Findings,
) -> int | None:
    """Return the column of a role; some must be the only one, and no header may repeat."""
    same = sorted((rank, at) for at, (of, rank) in found if of == role)
    for (rank, at), (other_rank, other) in combinations(same, 2):
        if role in _ONLY_ONE or (rank == other_rank and role in {"donor", "day", "transaction"}):
            findings.problem(
                "column_ambiguous",
                sheet.name,
                cell_name(header + 1, other),
                first=cell_name(header + 1, at),
                second=cell_name(header + 1, other),
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
