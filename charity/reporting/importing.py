"""Provides the import of a published donation list: read, check, append all of it or nothing."""

import gc
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from charity.organisations.registry import find_fund, find_organisation
from charity.organisations.tables import Organisation
from charity.organisations.uscc import organisation_identifier
from charity.reporting.dates import GivenDay
from charity.reporting.donation_list import DonationList, ListRow, read_donation_list
from charity.reporting.gifts import (
    ListDonors,
    Recipient,
    gift_batches,
    gift_ids,
    list_donors,
    record_consent,
    sealed_remarks,
    sheet_numbers,
)
from charity.reporting.known_rows import (
    largest_overlap,
    list_with_digest,
)
from charity.reporting.problems import Notice, Problem
from charity.reporting.tables import ImportedList
from ledger.accounts import GENERAL_FUND
from ledger.append import Writer
from ledger.database import insert_rows
from ledger.entries import Source, request_id
from ledger.kinds.disclosure import DISCLOSURE, AcceptedProblem, DisclosureFacts
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.tables import VaultOrganisation, VaultRemark

Progress = Callable[[str, int, int], None]
"""Called with the stage (read, check, append), the rows done and the rows in all."""

LEDGER_WORDS = frozenset({"known", "overlap"})
"""Words that accept what the ledger already holds, not what stands in the file."""

LARGEST_TOTAL_FEN = 10**15
"""Ten thousand billion yuan: more is a mistake, and would not fit the ledger's numbers."""

FILE_LEVEL_WORDS = frozenset({"total", "known", "overlap"})
"""The words that accept a problem of the whole list, which no entry of a single gift can tell."""

EXAMPLES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person asks for: a file, whose it is, and what he accepts of its problems.

    Attributes:
        path: the file.
        organisation: credit code of the organisation that received the gifts.
        fund: code of the fund they go into.
        given_day: day, year or period, for a list that does not state it.
        consent: the basis on which persons' names may be shown; None hides them.
        accept: words and cells of accepted problems.
        dry_run: check everything, append nothing.
        today: the day in Asia/Shanghai, after which no gift can lie.
    """

    path: Path
    organisation: str
    today: date
    fund: str = GENERAL_FUND
    given_day: GivenDay | None = None
    consent: str | None = None
    accept: Collection[str] = ()
    dry_run: bool = False


@dataclass(slots=True)
class ImportResult:
    """What an import found and did; amounts in fen.

    `known` counts rows that the ledger held before; `appended` gifts that it holds now through
    this import, at `positions`. `same_file` says that exactly this file was imported before.
    """

    organisation: Organisation
    donation_list: DonationList
    problems: list[Problem]
    notices: list[Notice]
    known: int = 0
    known_examples: list[str] = field(default_factory=list)
    transferred_fen: int = 0
    transferred_rows: int = 0
    appended: int = 0
    positions: range = range(0)
    same_file: bool = False


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
    gifts = read_donation_list(
        request.path,
        given_day=request.given_day,
        accept=frozenset(request.accept) - LEDGER_WORDS,
        today=request.today,
        on_progress=lambda done, total: on_progress("read", done, total),
    )
    if gifts.total_fen > LARGEST_TOTAL_FEN:
        raise Refused("The amounts of this list add up to more than any list can hold.")
    result = ImportResult(organisation, gifts, list(gifts.problems), list(gifts.notices))
    async with ledger.write() as writer:
        rows, ids = await _new_rows(ledger, writer, request, result, on_progress)
        if result.problems or result.same_file or request.dry_run or not rows:
            return result
        await _append(ledger, writer, request, result, rows, ids, on_progress)
    return result


async def _new_rows(
    ledger: Ledger,
    writer: Writer,
    request: ImportRequest,
    result: ImportResult,
    on_progress: Progress,
) -> tuple[Sequence[ListRow], Sequence[str]]:
    """Return the rows that the ledger does not hold yet, with their ids; note what it holds."""
    gifts = result.donation_list
    earlier = await list_with_digest(gifts.file_digest)
    if earlier is not None:
        _note_same_file(result, earlier)
        return (), ()
    rows: Sequence[ListRow] = gifts.rows
    on_progress("check", 0, len(rows))
    ids: Sequence[str] = gift_ids(organisation_identifier(result.organisation.code), gifts)
    if any(row.transaction is not None for row in rows):
        known = await writer.known(ids)
        if known:
            _note_known_transactions(request, result, known)
            fresh = [index for index, entry_id in enumerate(ids) if entry_id not in known]
            rows, ids = [rows[index] for index in fresh], [ids[index] for index in fresh]
    unnumbered = [row for row in rows if row.transaction is None]
    if unnumbered:
        await _note_overlap(ledger, request, result, unnumbered)
    on_progress("check", len(gifts.rows), len(gifts.rows))
    return rows, ids


def _note_same_file(result: ImportResult, earlier: ImportedList) -> None:
    result.same_file = True
    result.known = earlier.rows
    result.problems = []
    if earlier.organisation != result.organisation.code:
        result.problems.append(
            Problem(
                "file_of_another_organisation",
                Message(
                    "This very file was imported on {day} for another organisation, {code}.",
                    day=earlier.recorded_at[:10],
                    code=earlier.organisation,
                ),
                Message("Check --org. The same gifts cannot be in two organisations' books."),
                None,
                None,
                None,
            )
        )
        return
    result.notices.append(
        Notice(
            "same_file",
            Message(
                "This very file was imported on {day}: its {count} gifts are in the ledger from"
                " entry {position} on. Nothing was appended.",
                day=earlier.recorded_at[:10],
                count=earlier.rows,
                position=earlier.first_position,
            ),
            None,
            None,
        )
    )


def _note_known_transactions(
    request: ImportRequest, result: ImportResult, known: dict[str, int]
) -> None:
    result.known = len(known)
    result.known_examples = [
        f"{entry_id.rpartition(':')[2]} → {position}"
        for entry_id, position in list(known.items())[:EXAMPLES_SHOWN]
    ]
    problem = Problem(
        "transactions_known",
        Message(
            "{known} of the {rows} transaction ids are in the ledger already, for example"
            " {examples}.",
            known=len(known),
            rows=len(result.donation_list.rows),
            examples="; ".join(result.known_examples),
        ),
        Message("Nothing to do if it is the same list; otherwise accept, and only new ids go in."),
        None,
        None,
        "known",
    )
    _settle(request, result, problem)


async def _note_overlap(
    ledger: Ledger, request: ImportRequest, result: ImportResult, rows: Sequence[ListRow]
) -> None:
    overlap = await largest_overlap(ledger.vault, result.organisation.code, rows)
    if overlap is None:
        return
    message = Message(
        "{rows} of its {of} rows (day, donor, amount) stand in “{file}” already, imported on"
        " {day} from entry {position} on.",
        rows=overlap.rows,
        of=overlap.of,
        file=overlap.file_name,
        day=overlap.recorded_at[:10],
        position=overlap.first_position,
    )
    if overlap.is_repetition:
        result.known += overlap.rows
        mend = Message(
            "If it is the same list under another title, there is nothing to do. If these are"
            " other gifts, accept the overlap."
        )
        _settle(request, result, Problem("rows_known", message, mend, None, None, "overlap"))
    else:
        result.notices.append(Notice("rows_known", message, None, None))


def _settle(request: ImportRequest, result: ImportResult, problem: Problem) -> None:
    """Put a problem among those that a person accepted, or among those that stop the file."""
    if problem.accept in request.accept:
        result.donation_list.accepted.append(problem)
    else:
        result.problems.append(problem)


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
    consent = await record_consent(request.consent, writer.recorded_at) if request.consent else None
    names = await list_donors(ledger.vault, rows, writer.now, consent)
    recipient = Recipient(identifier, request.fund)
    result.positions = await writer.append_batches(
        gift_batches(ledger.vault, writer, recipient, gifts, rows, ids, names),
        lambda done: on_progress("append", done, len(rows)),
    )
    result.appended = len(result.positions)
    transferred = [row.amount_fen for row in rows if row.donor in names.charities]
    result.transferred_rows, result.transferred_fen = len(transferred), sum(transferred)
    await _keep_beside(ledger, writer, result, rows, ids, names)
    if needs_disclosure(gifts):
        await _append_disclosure(writer, identifier, gifts, request.today)


async def _keep_beside(
    ledger: Ledger,
    writer: Writer,
    result: ImportResult,
    rows: Sequence[ListRow],
    ids: Sequence[str],
    names: ListDonors,
) -> None:
    """Keep what belongs to the import but not into the log, in the same transaction."""
    gifts = result.donation_list
    await insert_rows(
        writer.connection,
        VaultOrganisation,
        ("name_hash", "reference"),
        names.new_hashes,
    )
    await insert_rows(
        writer.connection,
        VaultRemark,
        ("position", "sealed"),
        sealed_remarks(ledger.vault, rows, ids, result.positions.start),
    )
    await ImportedList.insert(
        ImportedList(
            digest=gifts.file_digest,
            organisation=result.organisation.code,
            file_name=gifts.file_name,
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
) -> None:
    numbers = sheet_numbers(gifts)
    facts = DisclosureFacts(
        accepted=tuple(
            AcceptedProblem(
                cell=problem.cell, code=problem.code, sheet=numbers.get(problem.sheet or "")
            )
            for problem in gifts.accepted
        ),
        digest=gifts.file_digest,
        rows=len(gifts.rows),
        skipped=gifts.skipped,
        stated_total=gifts.stated_total_fen,
        total=gifts.total_fen,
    )
    source = Source(file=gifts.file_digest)
    entry_id = request_id(organisation, f"disclosure:{gifts.file_digest}")
    await writer.append(
        [writer.entry(DISCLOSURE.name, today.isoformat(), organisation, facts, entry_id, source)]
    )
