"""Provides the recording of a batch of records: appended all together, or checked as if it were.

The check does what the append does, in a write that is taken back: what it passes is appended
without a refusal, unless the ledger changes in between.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import date
from time import monotonic

from charity.organisations.uscc import organisation_identifier
from charity.receipts.issuing import issue_receipts
from charity.reporting.batches.record_checks import Register, check_forms, cleaned
from charity.reporting.batches.record_entries import Prepared, RecordEntries, is_conflict
from charity.reporting.batches.record_problems import RecordFindings
from charity.reporting.batches.record_report import preview_rows, report_of
from charity.reporting.batches.record_suspicions import suspect_large, suspect_repeated
from charity.reporting.batches.record_walk import RecordWalk, about_field
from charity.reporting.batches.records import Record, RecordsContent
from charity.reporting.batches.schemas import BatchReport
from charity.reporting.batches.store import BatchStore
from charity.reporting.dates import SHENZHEN
from ledger.appending.writer import Writer
from ledger.entries import Entry
from ledger.log import Ledger
from ledger.messages import Refused

NOT_APPENDED = "check"
"""Stands for the batch in keys of entries that are taken back."""


class _TakenBack(Exception):  # noqa: N818 (the check's way out, no failure)
    """Ends the write of a check: everything in it is taken back."""


@asynccontextmanager
async def _taken_back(ledger: Ledger) -> AsyncIterator[Writer]:
    """Hold the writer's place in a write of which nothing stays."""
    with suppress(_TakenBack):
        async with ledger.write() as writer:
            yield writer
            raise _TakenBack


async def append_records(
    store: BatchStore, writer: Writer, organisation: str, content: RecordsContent, batch: str
) -> range:
    """Append all records of a batch, in order, and issue the receipts that are asked for.

    Records whose key and content are in the ledger already are left out.

    Args:
        store: of the batch.
        writer: of the transaction in which the batch becomes appended.
        organisation: credit code of the organisation that reports.
        content: the records; they were checked, for this ledger or an earlier state of it.
        batch: its id, of which records without a key get theirs.

    Returns:
        The positions of the records; those of the receipts follow.

    Raises:
        Refused: a record does not fit the ledger any more; nothing of the write may stay then.
    """
    records = dict(enumerate(cleaned(content).records))
    prepared = await _prepare(store, writer, organisation, content.accept, records, batch)
    for refusal in prepared.refused.values():
        raise refusal
    return await _append(writer, organisation, records, prepared)


async def _prepare(
    store: BatchStore,
    writer: Writer,
    organisation: str,
    accept: Collection[str],
    records: Mapping[int, Record],
    batch: str,
) -> Prepared:
    made = RecordEntries(store.ledger.vault, writer, organisation, batch, frozenset(accept))
    return await made.prepare(records)


async def _append(
    writer: Writer, organisation: str, records: Mapping[int, Record], prepared: Prepared
) -> range:
    positions = await writer.append(prepared.entries.values(), prepared.pages)
    gifts = [
        position
        for position, index in zip(positions, prepared.entries, strict=True)
        if getattr(records[index], "receipt", False)
    ]
    if gifts:
        today = writer.now.astimezone(SHENZHEN).date().isoformat()
        await issue_receipts(writer, organisation, gifts, today)
    return positions


async def check_records(
    store: BatchStore, organisation: str, content: RecordsContent, today: date
) -> BatchReport:
    """Check the records of a batch; find everything that stands against it, not only the first.

    Args:
        store: of the batch.
        organisation: credit code of the organisation that reports.
        content: the records, and what the reporter accepted.
        today: the day in Asia/Shanghai after which nothing can have happened yet.

    Raises:
        Refused: nothing can be written at this moment (see `Ledger.write`).
    """
    started = monotonic()
    content = cleaned(content)
    register = await Register.of(organisation, content.records)
    findings = RecordFindings(content.accept)
    check_forms(content, register, today, findings)
    rehearsal = _Rehearsal(store, register, content, findings)
    async with _taken_back(store.ledger) as writer:
        await rehearsal.run(writer)
    findings.close()
    rows = preview_rows(content, rehearsal.entries, rehearsal.known)
    return report_of(rows, findings, rehearsal.walk, seconds=round(monotonic() - started))


class _Rehearsal:
    """What happens in the write that is taken back."""

    def __init__(
        self,
        store: BatchStore,
        register: Register,
        content: RecordsContent,
        findings: RecordFindings,
    ) -> None:
        self.known: dict[int, int] = {}
        self.entries: dict[int, Entry] = {}
        self.walk: RecordWalk | None = None
        self._store = store
        self._register = register
        self._content = content
        self._findings = findings

    async def run(self, writer: Writer) -> None:
        """Check the sound records against the ledger; append them if nothing stands against it."""
        findings, organisation = self._findings, self._register.organisation
        sound = {
            index: record
            for index, record in enumerate(self._content.records)
            if findings.is_sound(index)
        }
        prepared = await _prepare(
            self._store, writer, organisation, self._content.accept, sound, NOT_APPENDED
        )
        self.known, self.entries = prepared.known, prepared.entries
        for index, position in prepared.known.items():
            findings.notice("record_known", index, "key", position=position)
        self._tell_refused(sound, prepared.refused)
        self.walk = await RecordWalk.of(
            writer.connection, prepared.entries, self._register, findings
        )
        for position, (index, entry) in enumerate(prepared.entries.items(), writer.size):
            self.walk.take(index, sound[index], position, entry)
        new = {index: sound[index] for index in prepared.entries}
        identifier = organisation_identifier(organisation)
        await suspect_repeated(self._store.ledger.vault, identifier, new, findings)
        await suspect_large(organisation, new, findings)
        if not findings.problems:
            await self._append(writer, sound, prepared)

    def _tell_refused(self, records: Mapping[int, Record], refused: Mapping[int, Refused]) -> None:
        for index, refusal in refused.items():
            if is_conflict(refusal):
                self._findings.problem("key_used", index, "key")
            else:
                field = about_field(records[index])
                self._findings.problem("refused", index, field, reason=refusal.message)

    async def _append(
        self, writer: Writer, records: Mapping[int, Record], prepared: Prepared
    ) -> None:
        """Let the writer itself have the last word."""
        try:
            await _append(writer, self._register.organisation, records, prepared)
        except Refused as refusal:
            self._findings.whole("refused", reason=refusal.message)
