"""Provides the totals that a list states of itself, and their comparison with its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from charity.reporting.cells import Cell, is_number, plain_text, total_fen, yuan_text
from charity.reporting.problems import Findings

_WORDS = ["合计", "总计", "小计", "共计", "总额", "总金额", "总数", "累计"]
_WORDS += [f"{scope}{word}" for scope in ("捐款", "捐赠", "金额", "本页", "本日", "当日", "以上")
           for word in ("合计", "总计", "小计")]  # fmt: skip
_ENGLISH = ["total", "sum", "subtotal", "sub-total", "grand total", "total amount"]
_DECORATIONS = ["{}", "{}:", "{}：", "{} ", "{}（元）", "{}(元)", "{}（万元）", "{}(万元)"]
TOTAL_LABELS = frozenset(
    shape.format(word)
    for word in [
        *_WORDS,
        *(blank.join(word) for word in _WORDS[:4] for blank in (" ", "  ", "   ", "\u3000")),
        *(case(word) for word in _ENGLISH for case in (str.lower, str.upper, str.title)),
    ]
    for shape in _DECORATIONS
)
"""Exact texts of cells that label a total: a cheap first test. `is_total_label` knows more."""

_LABEL = re.compile(
    r"(?:[\u4e00-\u9fff]{0,4}(?:合计|总计|小计|共计)|总额|总金额|总数|累计|(?:grand\s?|sub-?)?total(?:amount)?|sum)"
    r"(?:\([^()]*\))?:?",
    re.IGNORECASE,
)
_SUBTOTAL = re.compile(r"小计|本页|sub", re.IGNORECASE)
# Bounded, so that a long run of digits costs no more than its length.
_NUMBER = r"(?<![0-9.,])([0-9][0-9,]{0,20}(?:\.[0-9]{1,10})?)"
_STATED = re.compile(
    r"(?:总金额|金额总计|金额合计|捐款总额|总额|合计|总计|共计)\s*[::为是]?\s*(?:人民币)?\s*¥?\s*"
    rf"{_NUMBER}\s*([万亿]?元)?(?!\s*[0-9,]*\s*(?:人|笔|条|户|件|次))"
)
_MONEY = re.compile(rf"{_NUMBER}\s*([万亿]?元)")
_COUNT = re.compile(rf"[共计]\s*{_NUMBER}\s*(?:人次|笔|条|人|户)")
_CLAUSE = re.compile(r"[。;、]|,(?![0-9]{3}(?![0-9]))")
_NOT_THIS_LIST = re.compile(r"累计|历史|其中|目标|计划")
_PARTIAL = re.compile(
    r"(?:以上|以下|本表|仅).{0,8}(?:大额|部分)|(?:大额|部分)[^,。]{0,12}(?:明细|名单)"
)
_SCALES = {"元": 100, "万元": 1_000_000, "亿元": 10_000_000_000}


class Statement(NamedTuple):
    """A total that a text states, with the fen below which a difference is only rounding."""

    cell: str
    fen: int
    tolerance_fen: int


class TotalRow(NamedTuple):
    """A row of the table that holds a total, with the sums of the rows that it may mean."""

    cell: str
    fen: int
    subtotal: bool
    sums_fen: frozenset[int]


@dataclass(slots=True)
class StatedTotals:
    """Everything that one sheet states about its sum and its number of gifts.

    Attributes:
        rows: Total rows and stray totals, which are exact.
        footers: Totals in text below the table.
        sentences: Totals in text above the table.
        counts: Numbers of gifts, with their cells.
        partial: Whether the list says that it is only a part of what the sentence counts.
    """

    rows: list[TotalRow] = field(default_factory=list)
    footers: list[Statement] = field(default_factory=list)
    sentences: list[Statement] = field(default_factory=list)
    counts: list[tuple[str, int]] = field(default_factory=list)
    partial: bool = False

    def read_text(self, cell: str, content: Cell, scale: int, *, above: bool) -> bool:
        """Take up what a text around the table states; tell whether it stated anything."""
        text = plain_text(content) if isinstance(content, str) else ""
        self.partial = self.partial or _PARTIAL.search(text) is not None
        before = len(self.footers) + len(self.sentences) + len(self.counts)
        for clause in _CLAUSE.split(text):
            if _NOT_THIS_LIST.search(clause):
                continue
            match = (_MONEY if above else _STATED).search(clause)
            statements = self.sentences if above else self.footers
            if match and not (above and statements):
                statements.append(_statement(cell, match, scale))
            if count := _COUNT.search(clause):
                self.counts.append((cell, int(Decimal(count[1].replace(",", "")))))
        return len(self.footers) + len(self.sentences) + len(self.counts) > before

    def statement(self) -> Statement | None:
        """Return the total that counts: the last total row, else a footer, else a sentence."""
        totals = [row for row in self.rows if not row.subtotal]
        if totals:
            return Statement(totals[-1].cell, totals[-1].fen, 1)
        if self.footers:
            return self.footers[-1]
        return self.sentences[0] if self.sentences and not self.partial else None

    def count(self) -> int | None:
        """Return the stated number of gifts of this list."""
        return self.counts[-1][1] if self.counts and not self.partial else None


def is_total_label(text: str) -> bool:
    """Tell whether a cell's half-width text labels a total (`合 计：`, `捐款总计(元)`, `Total`)."""
    return _LABEL.fullmatch(text.replace(" ", "")) is not None


def is_subtotal_label(text: str) -> bool:
    """Tell whether the label of a total means only a part of the list."""
    return _SUBTOTAL.search(text) is not None


def figure_of(row: Sequence[Cell], amount_at: int, scale: int) -> tuple[int, int] | None:
    """Return the figure of a total row in fen and its column: its amount, else its only number.

    Raises:
        Unreadable: if there is such a figure and it cannot be read.
    """
    if plain_text(row[amount_at]):
        return total_fen(row[amount_at], scale), amount_at
    numbers = [at for at, cell in enumerate(row) if is_number(cell)]
    if len(numbers) != 1:
        return None
    return total_fen(row[numbers[0]], scale), numbers[0]


def reconcile(
    stated: StatedTotals,
    listed_fen: int,
    count: int,
    sheet: str,
    findings: Findings,
    *,
    whole: bool,
) -> None:
    """Compare every stated total with the rows and report agreement or difference.

    Args:
        stated: What the sheet states.
        listed_fen: Sum of all amounts in the table, in fen.
        count: Number of rows with an amount.
        sheet: Name of the sheet.
        findings: Takes up the problems and notices.
        whole: False while some amounts cannot be read: then no sum can be compared.
    """
    for row in stated.rows:
        agrees = row.fen in row.sums_fen or row.fen == listed_fen
        if row.subtotal and not agrees:
            texts = {"stated": yuan_text(row.fen), "summed": yuan_text(max(row.sums_fen))}
            findings.notice("subtotal_differs", sheet, row.cell, **texts)
        elif not row.subtotal:
            summed = row.fen if agrees else listed_fen
            _compare(Statement(row.cell, row.fen, 1), summed, sheet, findings, whole)
    for statement in stated.footers:
        _compare(statement, listed_fen, sheet, findings, whole)
    for statement in stated.sentences:
        if stated.partial and listed_fen < statement.fen + statement.tolerance_fen:
            texts = {"stated": yuan_text(statement.fen), "summed": yuan_text(listed_fen)}
            findings.notice("total_partial", sheet, statement.cell, **texts)
        else:
            _compare(statement, listed_fen, sheet, findings, whole)
    _compare_counts(stated, count, sheet, findings)


def _compare(
    statement: Statement, listed_fen: int, sheet: str, findings: Findings, whole: bool
) -> None:
    stated = yuan_text(statement.fen)
    difference = statement.fen - listed_fen
    if abs(difference) < statement.tolerance_fen:
        findings.notice("total_agrees", sheet, statement.cell, stated=stated)
    elif not whole:
        findings.notice("total_unchecked", sheet, statement.cell, stated=stated)
    else:
        findings.problem(
            "total_differs",
            sheet,
            statement.cell,
            stated=stated,
            summed=yuan_text(listed_fen),
            difference=yuan_text(difference),
        )


def _compare_counts(stated: StatedTotals, count: int, sheet: str, findings: Findings) -> None:
    for cell, number in stated.counts:
        if number == count:
            continue
        if stated.partial or stated.statement() is not None:
            findings.notice("count_differs", sheet, cell, stated=number, counted=count)
        else:
            findings.problem("count_differs", sheet, cell, stated=number, counted=count)


def _statement(cell: str, match: re.Match[str], scale: int) -> Statement:
    digits = Decimal(match[1].replace(",", ""))
    scale = _SCALES[match[2]] if match[2] else scale
    # Rounded or cut off, the stated figure is less than one unit of its last digit away.
    decimals = len(match[1].partition(".")[2])
    return Statement(cell, round(digits * scale), max(1, scale // 10**decimals))
