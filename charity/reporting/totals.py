"""Provides the totals that a list states of itself, and their comparison with its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from charity.reporting.capital_amounts import capital_fen, take_capitals
from charity.reporting.cells import (
    Cell,
    Unreadable,
    exact_fen,
    is_number,
    plain_text,
    total_fen,
    yuan_text,
)
from charity.reporting.problems import Findings

_WORDS = ["合计", "总计", "小计", "共计", "总额", "总金额", "总数", "累计"]
_WORDS += [f"{scope}{word}" for scope in ("捐款", "捐赠", "金额", "本页", "本日", "当日", "以上")
           for word in ("合计", "总计", "小计")]  # fmt: skip
_WORDS += ["大写", "小写", "大写金额", "金额大写", "合计大写", "总计大写", "人民币大写"]
_ENGLISH = ["total", "sum", "subtotal", "sub-total", "grand total", "total amount"]
_DECORATIONS = ["{}", "{}:", "{}：", "{} ", "{}（元）", "{}(元)", "{}（万元）", "{}(万元)"]
_DECORATIONS += ["{}（大写）", "{}(大写)", "（{}）", "({})"]
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
    r"(?:(?:[\u4e00-\u9fff]{0,4}(?:合计|总计|小计|共计)|总额|总金额|总数|累计|(?:grand\s?|sub-?)?total(?:amount)?|sum)"
    r"(?:人民币)?(?:大写|小写|\([^()]*\))?(?:人民币)?"
    r"|(?:人民币|金额)?\(?[大小]写\)?(?:人民币|金额)?):?",
    re.IGNORECASE,
)
# What may stand around the amounts of a total that has one cell to itself.
_AROUND_SUM = re.compile(
    r"(?:[\u4e00-\u9fff]{0,8}(?:合计|总计|小计|共计|总额)|金额|大写|小写|人民币|rmb|cny|[¥():,。;])*",
    re.IGNORECASE,
)
_MONEY_WITH_SIGN = re.compile(
    r"(?:人民币|¥|RMB|CNY)+:?(?:[0-9][0-9,]{0,20}(?:\.[0-9]{1,10})?)(?:[万亿]?元)?整?"
    r"|(?:[0-9][0-9,]{0,20}(?:\.[0-9]{1,10})?)[万亿]?元整?",
    re.IGNORECASE,
)
_OF_TOTALS = re.compile("汇总|合计|总计|小计|共计|总额|大写")
_PLAIN_AMOUNT = re.compile(r"[0-9][0-9,]{0,20}(?:\.[0-9]{1,10})?")
_CAPITAL_SIGNS = frozenset("元圆圓")
_LONGEST_LABEL = 60
_LONGEST_SUM_TEXT = 100
_SUBTOTAL = re.compile(r"小计|本页|sub", re.IGNORECASE)
# Bounded, so that a long run of digits costs no more than its length.
_NUMBER = r"(?<![0-9.,])([0-9][0-9,]{0,20}(?:\.[0-9]{1,10})?)"
_STATED = re.compile(
    r"(?:总金额|金额总计|金额合计|捐款总额|总额|合计|总计|共计)\s*[::为是]?\s*(?:人民币)?\s*¥?\s*"
    rf"{_NUMBER}\s*([万亿]?元)?(?!\s*[0-9,]*\s*(?:人|笔|条|户|件|次))"
)
_SUM_WORD = re.compile("总金额|总额|合计|总计|共计|大写")
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
            if not above and (word := _SUM_WORD.search(clause)):
                capitals, _ = take_capitals(clause[word.end() :])
                told = {statement.fen for statement in statements if statement.cell == cell}
                statements.extend(Statement(cell, fen, 1) for fen in capitals if fen not in told)
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

    def states_sum(self) -> bool:
        """Tell whether any sum is stated, of a part or of the whole."""
        return bool(self.rows or self.footers or self.sentences)

    def count(self) -> int | None:
        """Return the stated number of gifts of this list."""
        return self.counts[-1][1] if self.counts and not self.partial else None


def is_total_label(text: str) -> bool:
    """Tell whether a cell's half-width text labels a total (`合 计：`, `捐款总计(元)`, `Total`)."""
    return len(text) <= _LONGEST_LABEL and _LABEL.fullmatch(text.replace(" ", "")) is not None


def is_subtotal_label(text: str) -> bool:
    """Tell whether the label of a total means only a part of the list."""
    return _SUBTOTAL.search(text) is not None


def holds_totals(rows: Sequence[Sequence[Cell]]) -> bool:
    """Tell whether cells without a table speak of sums and hold amounts."""
    cells = [cell for row in rows for cell in row if plain_text(cell)]
    return any(
        isinstance(cell, str) and _OF_TOTALS.search(plain_text(cell)) for cell in cells
    ) and any(map(_is_amount, cells))


def _is_amount(cell: Cell) -> bool:
    if is_number(cell):
        return True
    text = plain_text(cell)
    return isinstance(cell, str) and (
        _MONEY.search(text) is not None
        or is_money(text)
        or _PLAIN_AMOUNT.fullmatch(text) is not None
    )


def is_money(text: str) -> bool:
    """Tell whether a half-width text is an amount with its sign (`¥300.00`, `叁佰元整`)."""
    text = text.replace(" ", "")
    return _MONEY_WITH_SIGN.fullmatch(text) is not None or (
        not _CAPITAL_SIGNS.isdisjoint(text) and capital_fen(text) is not None
    )


def sum_figures(text: str, scale: int) -> list[int]:
    """Return the amounts in fen of a half-width text that is a total and nothing else.

    Such a text holds an amount in Chinese capitals: `合计:人民币叁佰元整(¥300.00)`, `叁佰元整`. Any
    other text has none.
    """
    if _CAPITAL_SIGNS.isdisjoint(text) or len(text) > _LONGEST_SUM_TEXT:
        return []
    figures, rest = take_capitals(text.replace(" ", ""))
    if not figures:
        return []
    for match in _MONEY_WITH_SIGN.finditer(rest):
        figures.extend(_money(match[0], scale))
    rest = _MONEY_WITH_SIGN.sub("", rest)
    return figures if _AROUND_SUM.fullmatch(rest) else []


def figures_of(row: Sequence[Cell], amount_at: int, scale: int) -> list[tuple[int, int]]:
    """Return the figures of a total row in fen with their columns, each figure once.

    These are its amount, else its only number, and what it says in Chinese capitals.

    Raises:
        Unreadable: if there is such a figure and it cannot be read.
    """
    texts = [plain_text(cell) if isinstance(cell, str) else "" for cell in row]
    said = [(fen, at) for at, text in enumerate(texts) for fen in sum_figures(text, scale)]
    found: dict[int, int] = {}
    numbers = [at for at, cell in enumerate(row) if is_number(cell)]
    if not _is_blank_or_label(row[amount_at]) and amount_at not in {at for _, at in said}:
        found[total_fen(row[amount_at], scale)] = amount_at
    elif len(numbers) == 1 and not said:
        found[total_fen(row[numbers[0]], scale)] = numbers[0]
    if said or not found:
        said += [
            (fen, at)
            for at, text in enumerate(texts)
            if at != amount_at and _MONEY_WITH_SIGN.fullmatch(text)
            for fen in _money(text, scale)
        ]
    for fen, at in said:
        found.setdefault(fen, at)
    return list(found.items())


def _is_blank_or_label(cell: Cell) -> bool:
    text = plain_text(cell)
    return not text or is_total_label(text)


class Sums(NamedTuple):
    """The sums of a table's rows, with which its stated totals are compared; amounts in fen.

    Attributes:
        rows: Number of rows with an amount.
        fen: Sum of all amounts in the table.
        open: Number of rows with an open problem.
        unread: Whether there are amounts that are not known: then no sum can be compared.
        skipped: Number of rows with an amount that are left out, as accepted.
        skipped_fen: Sum of their amounts.
        outside: Number of these rows and of those whose money did not come or is no yuan.
        outside_fen: Sum of their amounts.
    """

    rows: int
    fen: int
    open: int = 0
    unread: bool = False
    skipped: int = 0
    skipped_fen: int = 0
    outside: int = 0
    outside_fen: int = 0


def reconcile(stated: StatedTotals, sums: Sums, sheet: str, findings: Findings) -> None:
    """Compare every stated total with the rows and report agreement or difference.

    Args:
        stated: What the sheet states.
        sums: What its rows sum to.
        sheet: Name of the sheet.
        findings: Takes up the problems and notices.
    """
    for row in stated.rows:
        of_all = row.fen in {sums.fen, sums.fen - sums.outside_fen}
        if row.fen in row.sums_fen and not of_all and not sums.unread:
            if not row.subtotal:
                text = yuan_text(row.fen)
                findings.notice("total_agrees_above", sheet, row.cell, stated=text)
        elif not row.subtotal:
            _compare(Statement(row.cell, row.fen, 1), sums, sheet, findings)
        elif row.fen not in row.sums_fen and not of_all:
            _report_subtotal(row, sums, sheet, findings)
    for statement in stated.footers:
        _compare(statement, sums, sheet, findings)
    for statement in stated.sentences:
        if stated.partial and sums.fen < statement.fen + statement.tolerance_fen:
            texts = {"stated": yuan_text(statement.fen), "summed": yuan_text(sums.fen)}
            findings.notice("total_partial", sheet, statement.cell, **texts)
        else:
            _compare(statement, sums, sheet, findings)
    _compare_counts(stated, sums.rows, sheet, findings)


def _report_subtotal(row: TotalRow, sums: Sums, sheet: str, findings: Findings) -> None:
    stated = yuan_text(row.fen)
    if sums.unread:
        findings.notice("total_unchecked", sheet, row.cell, stated=stated)
    else:
        summed = yuan_text(max(row.sums_fen))
        findings.problem("subtotal_differs", sheet, row.cell, stated=stated, summed=summed)


def _compare(statement: Statement, sums: Sums, sheet: str, findings: Findings) -> None:
    stated = yuan_text(statement.fen)
    difference = statement.fen - sums.fen
    if sums.unread:
        findings.notice("total_unchecked", sheet, statement.cell, stated=stated)
    elif abs(difference) < statement.tolerance_fen:
        _report_agreement(statement, sums, sheet, findings)
    elif sums.outside and abs(difference + sums.outside_fen) < statement.tolerance_fen:
        findings.notice(
            "total_agrees_without",
            sheet,
            statement.cell,
            stated=stated,
            count=sums.outside,
            amount=yuan_text(sums.outside_fen),
        )
    else:
        findings.problem(
            "total_differs",
            sheet,
            statement.cell,
            stated=stated,
            summed=yuan_text(sums.fen),
            difference=yuan_text(difference),
        )


def _report_agreement(statement: Statement, sums: Sums, sheet: str, findings: Findings) -> None:
    """Say that a total agrees, and nothing that what is open or left out would contradict."""
    stated, cell = yuan_text(statement.fen), statement.cell
    if sums.open:
        findings.notice("total_agrees_open", sheet, cell, rows=sums.rows, open=sums.open)
    elif sums.skipped:
        findings.notice(
            "total_agrees_skipped",
            sheet,
            cell,
            stated=stated,
            rows=sums.rows,
            count=sums.skipped,
            amount=yuan_text(sums.skipped_fen),
            booked=yuan_text(sums.fen - sums.skipped_fen),
        )
    else:
        findings.notice("total_agrees", sheet, cell, stated=stated)


def _compare_counts(stated: StatedTotals, count: int, sheet: str, findings: Findings) -> None:
    for cell, number in stated.counts:
        if number == count:
            continue
        if stated.partial or stated.statement() is not None:
            findings.notice("count_differs", sheet, cell, stated=number, counted=count)
        else:
            findings.problem("count_differs", sheet, cell, stated=number, counted=count)


def _money(text: str, scale: int) -> list[int]:
    try:
        return [exact_fen(text.replace(":", ""), scale)]
    except Unreadable:
        return []


def _statement(cell: str, match: re.Match[str], scale: int) -> Statement:
    digits = Decimal(match[1].replace(",", ""))
    scale = _SCALES[match[2]] if match[2] else scale
    # Rounded or cut off, the stated figure is less than one unit of its last digit away.
    decimals = len(match[1].partition(".")[2])
    return Statement(cell, round(digits * scale), max(1, scale // 10**decimals))
