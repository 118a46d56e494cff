"""Provides the import of a published donation list: read, check, append all of it or nothing."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from charity.donors.enrolment import DONOR_COLUMNS, record_consent
from charity.organisations.registry import find_fund, find_organisation
from charity.organisations.tables import Organisation
from charity.organisations.uscc import organisation_identifier
from charity.reporting.amount_checks import Expected
from charity.reporting.code_checks import problem_of_codes
from charity.reporting.donation_list import DonationList, ListRow, read_donation_list
from charity.reporting.duplicates import LEDGER_WORDS, new_rows
from charity.reporting.earlier_gifts import campaign_targets, usual_gift
from charity.reporting.gifts import (
    ListDonors,
    Recipient,
    gift_batches,
    list_donors,
    sealed_remarks,
    sheet_numbers,
)
from charity.reporting.problems import NOTICES, Notice
from charity.reporting.requests import ImportRequest, ImportResult
from charity.reporting.table_headers import (
    remember_columns,
    remembered_columns,
    workbook_headers,
)
from charity.reporting.tables import ImportedList
from charity.reporting.target_checks import TARGET, note_crossed_targets
from charity.reporting.workbooks import read_workbook
from ledger.appending.writer import Writer
from ledger.database.bulk_rows import insert_rows
from ledger.entries import Source, request_id
from ledger.kinds.disclosure import DISCLOSURE, AcceptedProblem, DisclosureFacts
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.tables import VaultDonor, VaultRemark

Progress = Callable[[str, int, int], None]
"""Called with the stage (read, check, append), the rows done and the rows in all."""

ACCEPTED_TOLD = 200
"""So many accepted problems one entry tells, those of the whole list first; the rest it counts."""

LARGEST_TOTAL_FEN = 10**15
"""Ten thousand billion yuan: more is a mistake, and would not fit the ledger's numbers."""

ASKED_OF_LEDGER = LEDGER_WORDS | {TARGET}
"""The words that may accept what only a look into the ledger shows."""

FILE_LEVEL_WORDS = ASKED_OF_LEDGER | {"total"}
"""The words that accept a problem of the whole list, which no entry of a single gift can tell."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the search for reference cycles.

    The rows of a large list make none, and it would walk over all of them again and again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _ignore_progress(stage: str, done: int, total: int) -> None:
    """Show nothing."""


async def import_donation_list(
    ledger: Ledger, request: ImportRequest, on_progress: Progress = _ignore_progress
) -> ImportResult:
    """Append the gifts of a list, all of them in one transaction, or find out why not.

    Raises:
        Refused: the file cannot be read at all, or organisation or fund are unknown.
    """
    organisation = await find_organisation(request.organisation)
    await find_fund(organisation.code, request.fund)
    with collector_paused():
        return await _import(ledger, request, organisation, on_progress)


async def _import(
    ledger: Ledger, request: ImportRequest, organisation: Organisation, on_progress: Progress
) -> ImportResult:
    expected = await _expected(organisation.code, request.fund)
    result = await _read(request, organisation, expected, on_progress)
    gifts = result.donation_list
    async with ledger.write() as writer:
        on_progress("check", 0, len(gifts.rows))
        rows, ids = await new_rows(ledger, writer, request, result)
        note_crossed_targets(request, result, rows, expected.targets)
        on_progress("check", len(gifts.rows), len(gifts.rows))
        if result.problems or result.same_file or request.dry_run or not rows:
            return result
        await _append(ledger, writer, request, result, rows, ids, on_progress)
    return result


async def _expected(organisation: str, fund: str) -> Expected:
    return Expected(
        await usual_gift(organisation, fund), await campaign_targets(organisation, fund)
    )


async def _read(
    request: ImportRequest, organisation: Organisation, expected: Expected, on_progress: Progress
) -> ImportResult:
    """Read the file by the columns assigned by hand, now or for an earlier list of this form."""
    workbook = read_workbook(request.file())
    tables = workbook_headers(workbook)
    remembered = {} if request.columns else await remembered_columns(organisation.code, tables)
    gifts = read_donation_list(
        workbook,
        given_day=request.given_day,
        accept=request.accept,
        today=request.today,
        columns=request.columns or remembered,
        expected=expected,
        on_progress=lambda done, total: on_progress("read", done, total),
    )
    if max(gifts.total_fen, gifts.stated_total_fen or 0) > LARGEST_TOTAL_FEN:
        raise Refused("The amounts of this list add up to more than any list can hold.")
    notices = [notice for notice in gifts.notices if not _is_about_ledger_word(notice)]
    if remembered:
        template = NOTICES["columns_remembered"].template
        message = Message(template)
        notices.insert(0, Notice("columns_remembered", message, None, None))
    problems = list(gifts.problems)
    if problem := problem_of_codes(gifts.rows, organisation.code):
        problems.append(problem)
    return ImportResult(organisation, gifts, problems, notices, tables)


def _is_about_ledger_word(notice: Notice) -> bool:
    """Return whether the reader says that a word accepted nothing which is not meant for it."""
    return notice.code == "accept_unused" and notice.message.values.get("word") in ASKED_OF_LEDGER


async def _append(
    ledger: Ledger,
    writer: Writer,
    request: ImportRequest,
    result: ImportResult,
    rows: Sequence[ListRow],
    ids: Sequence[str],
    on_progress: Progress,
) -> None:
    gifts = result.donation_list
    identifier = organisation_identifier(result.organisation.code)
    vault, basis = ledger.vault, request.consent
    consent = await record_consent(vault, basis, writer.recorded_at) if basis else None
    names = await list_donors(vault, writer, rows, consent)
    recipient = Recipient(identifier, request.fund)
    result.positions = await writer.append_batches(
        gift_batches(vault, writer, recipient, gifts, rows, ids, names),
        lambda done: on_progress("append", done, len(rows)),
    )
    result.appended = len(result.positions)
    transferred = [row.amount_fen for row in rows if row.donor in names.charities]
    result.transferred_rows, result.transferred_fen = len(transferred), sum(transferred)
    await _keep_beside(ledger, writer, result, rows, names)
    if needs_disclosure(gifts):
        result.disclosure = await _append_disclosure(writer, identifier, gifts, request.today)
    await remember_columns(result.organisation.code, result.tables, request.columns)
    if request.beside is not None:
        await request.beside(writer, result)


async def _keep_beside(
    ledger: Ledger,
    writer: Writer,
    result: ImportResult,
    rows: Sequence[ListRow],
    names: ListDonors,
) -> None:
    """Keep what belongs to the import but not into the log, in the same transaction."""
    gifts = result.donation_list
    await insert_rows(writer.connection, VaultDonor, DONOR_COLUMNS, names.new_donors)
    await insert_rows(
        writer.connection,
        VaultRemark,
        ("position", "sealed"),
        sealed_remarks(ledger.vault, rows, result.positions.start),
    )
    await ImportedList.insert(
        ImportedList(
            digest=gifts.file_digest,
            organisation=result.organisation.code,
            rows=len(rows),
            skipped=gifts.skipped,
            total=sum(row.amount_fen for row in rows),
            stated_total=gifts.stated_total_fen,
            first_day=min(row.day for row in rows).isoformat(),
            last_day=max(row.day for row in rows).isoformat(),
            first_position=result.positions.start,
            recorded_at=writer.recorded_at,
        )
    )


def needs_disclosure(gifts: DonationList) -> bool:
    """Return whether something was accepted that no entry of a single gift can tell."""
    return gifts.skipped > 0 or any(
        problem.accept in FILE_LEVEL_WORDS for problem in gifts.accepted
    )


async def _append_disclosure(
    writer: Writer, organisation: str, gifts: DonationList, today: date
) -> int:
    """Record what was accepted of a document as a whole; return the entry's position."""
    numbers = sheet_numbers(gifts)
    told = sorted(gifts.accepted, key=lambda problem: problem.accept not in FILE_LEVEL_WORDS)
    facts = DisclosureFacts(
        accepted=tuple(
            AcceptedProblem(
                cell=problem.cell, code=problem.code, sheet=numbers.get(problem.sheet or "")
            )
            for problem in told[:ACCEPTED_TOLD]
        ),
        digest=gifts.file_digest,
        omitted=max(0, len(told) - ACCEPTED_TOLD),
        rows=len(gifts.rows),
        skipped=gifts.skipped,
        stated_total=gifts.stated_total_fen,
        total=gifts.total_fen,
    )
    source = Source(file=gifts.file_digest)
    entry_id = request_id(organisation, f"disclosure:{gifts.file_digest}")
    entry = writer.entry(DISCLOSURE.name, today.isoformat(), organisation, facts, entry_id, source)
    return (await writer.append([entry])).start
