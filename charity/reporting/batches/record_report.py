"""Provides the report of checked records: what they do, and a line of preview for each."""

from collections.abc import Mapping, Sequence

from charity.reporting.batches.findings import FINDINGS_KEPT
from charity.reporting.batches.record_entries import donor_record, goods_unit, is_passed_on
from charity.reporting.batches.record_problems import RecordFindings
from charity.reporting.batches.record_walk import RecordWalk
from charity.reporting.batches.records import (
    GoodsDistributionRecord,
    GoodsGiftRecord,
    Record,
    RecordsContent,
    TransferRecord,
)
from charity.reporting.batches.schemas import BatchReport, PreviewRow
from ledger.entries import CURRENCY, Entry


def report_of(
    rows: Sequence[PreviewRow], findings: RecordFindings, walk: RecordWalk | None, seconds: int
) -> BatchReport:
    """Return the report of records.

    Args:
        rows: the preview of all of them.
        findings: what was found.
        walk: what the sound ones do; None if it was not walked.
        seconds: how long the check took.
    """
    days = sorted(row.day for row in rows)
    known = sum(row.standing == "known" for row in rows)
    passed_on = [row for row in rows if row.standing == "transfer"]
    return BatchReport(
        state="problems" if findings.problems else "ready",
        problems=tuple(findings.problems[:FINDINGS_KEPT]),
        accepted=tuple(findings.accepted[:FINDINGS_KEPT]),
        notices=tuple(findings.notices[:FINDINGS_KEPT]),
        rows=len(rows),
        new=len(rows) - known,
        known=known,
        transferred=len(passed_on),
        transferred_total=_yuan_sum(passed_on),
        total=_yuan_sum(rows),
        first_day=days[0],
        last_day=days[-1],
        effects=walk.effects() if walk is not None else (),
        preview=tuple(rows),
        counterpart=next(iter(walk.counterparts), None) if walk is not None else None,
        seconds=seconds,
        kind=rows[0].kind if len(rows) == 1 else None,
    )


def _yuan_sum(rows: Sequence[PreviewRow]) -> int:
    return sum(row.amount for row in rows if row.unit == CURRENCY)


def preview_rows(
    content: RecordsContent, entries: Mapping[int, Entry], known: Mapping[int, int]
) -> list[PreviewRow]:
    """Return a line for each record, in order; `place` counts from 1.

    Args:
        content: the records.
        entries: index → the entry that it becomes, of those that become one.
        known: index → position of those that are in the ledger already.
    """
    return [
        _preview_row(index, record, content, entries.get(index), is_known=index in known)
        for index, record in enumerate(content.records)
    ]


def _preview_row(
    index: int, record: Record, content: RecordsContent, entry: Entry | None, *, is_known: bool
) -> PreviewRow:
    donor = donor_record(record)
    amount, unit, fund = _moved(record, entry)
    passed_on = isinstance(record, TransferRecord) or is_passed_on(index, record, content.accept)
    return PreviewRow(
        place=str(index + 1),
        kind=record.kind,
        day=record.day.isoformat(),
        amount=amount,
        unit=unit,
        fund=fund,
        who=donor.name if donor is not None else None,
        standing="known" if is_known else "transfer" if passed_on else "new",
    )


def _moved(record: Record, entry: Entry | None) -> tuple[int, str, str]:
    """Return amount, unit and fund: of the entry, for a refund or reversal has those of another."""
    if entry is not None:
        amount, unit, fund, *_ = entry.facts.listed()
        return abs(amount), unit or CURRENCY, fund or ""
    fund = getattr(record, "fund", "")
    if isinstance(record, GoodsGiftRecord | GoodsDistributionRecord):
        return record.pieces, goods_unit(record.goods, record.measure), fund
    return getattr(record, "amount", 0), getattr(record, "currency", CURRENCY), fund
