"""Provides the comparison of a list with the ledger: same file, same transactions, same rows.

What is there already is never appended twice silently: it stops the list, or a person says that
only the rest shall go in.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime

from charity.organisations.uscc import organisation_identifier
from charity.reporting.dates import SHENZHEN
from charity.reporting.donation_list import ListRow
from charity.reporting.gifts import gift_ids
from charity.reporting.known_rows import Overlap, find_overlaps, list_with_digest, without_known
from charity.reporting.problems import Notice, Problem
from charity.reporting.requests import ImportRequest, ImportResult
from charity.reporting.tables import ImportedList
from ledger.appending.writer import Writer
from ledger.log import Ledger
from ledger.messages import Message

EXAMPLES_SHOWN = 5
DIGEST_DIGITS_SHOWN = 12
ONLY_NEW = "known"
ALL_NEW = "overlap"
LEDGER_WORDS = frozenset({ONLY_NEW, ALL_NEW})
"""Words that accept what the ledger already holds, not what stands in the file."""

UNUSUAL_IN_TRANSACTION = re.compile(r"[^A-Za-z0-9._:/#-]")


def _day(recorded_at: str) -> date:
    return datetime.fromisoformat(recorded_at).astimezone(SHENZHEN).date()


async def new_rows(
    ledger: Ledger, writer: Writer, request: ImportRequest, result: ImportResult
) -> tuple[Sequence[ListRow], Sequence[str]]:
    """Return the rows that the ledger does not hold yet, with their ids; note what it holds."""
    gifts = result.donation_list
    earlier = await list_with_digest(gifts.file_digest)
    if earlier is not None:
        _note_same_file(result, earlier)
        return (), ()
    rows: Sequence[ListRow] = gifts.rows
    _note_unusual_transaction(result)
    ids: Sequence[str] = gift_ids(organisation_identifier(result.organisation.code), gifts)
    if any(row.transaction is not None for row in rows):
        known = await writer.known(ids)
        if known:
            _note_known_transactions(request, result, known)
            rows, ids = _chosen(rows, ids, [n for n, one in enumerate(ids) if one not in known])
    if any(row.transaction is None for row in rows):
        rows, ids = await _without_known_rows(ledger, request, result, rows, ids)
    return rows, ids


def _note_unusual_transaction(result: ImportResult) -> None:
    """Stop a list whose transaction ids could hold a name: they stand in the log for ever."""
    for row in result.donation_list.rows:
        if row.transaction is not None and UNUSUAL_IN_TRANSACTION.search(row.transaction):
            message = Message(
                "The transaction id in row {row} holds other characters than letters, digits and"
                " . _ : / # -",
                row=row.row,
            )
            mend = Message(
                "Ids stand in the public log for ever, so they may hold no name. Correct the"
                " column, or leave it out."
            )
            problem = Problem("transaction_unusual", message, mend, row.sheet, None, None)
            result.problems.append(problem)
            return


def _chosen(
    rows: Sequence[ListRow], ids: Sequence[str], places: Sequence[int]
) -> tuple[Sequence[ListRow], Sequence[str]]:
    return [rows[place] for place in places], [ids[place] for place in places]


def _note_same_file(result: ImportResult, earlier: ImportedList) -> None:
    result.same_file = True
    result.known = earlier.rows
    result.problems = []
    day = _day(earlier.recorded_at)
    if earlier.organisation != result.organisation.code:
        message = Message(
            "This very file was imported on {day} for another organisation, {code}.",
            day=day,
            code=earlier.organisation,
        )
        mend = Message("Check --org. The same gifts cannot be in two organisations' books.")
        problem = Problem("file_of_another_organisation", message, mend, None, None, None)
        result.problems.append(problem)
        return
    message = Message(
        "This very file was imported on {day}: its {count} gifts are in the ledger from entry"
        " {position} on. Nothing was appended.",
        day=day,
        count=earlier.rows,
        position=earlier.first_position,
    )
    result.notices.append(Notice("same_file", message, None, None))


def _note_known_transactions(
    request: ImportRequest, result: ImportResult, known: dict[str, int]
) -> None:
    result.known = len(known)
    result.known_examples = [
        f"{entry_id.rpartition(':')[2]} → {position}"
        for entry_id, position in list(known.items())[:EXAMPLES_SHOWN]
    ]
    message = Message(
        "{known} of the {rows} transaction ids are in the ledger already, for example {examples}.",
        known=len(known),
        rows=len(result.donation_list.rows),
        examples="; ".join(result.known_examples),
    )
    mend = Message(
        "Nothing to do if it is the same list; otherwise accept, and only new ids go in."
    )
    problem = Problem("transactions_known", message, mend, None, None, ONLY_NEW)
    result.settle(request, problem, ONLY_NEW)


async def _without_known_rows(
    ledger: Ledger,
    request: ImportRequest,
    result: ImportResult,
    rows: Sequence[ListRow],
    ids: Sequence[str],
) -> tuple[Sequence[ListRow], Sequence[str]]:
    """Note rows that stand in imported lists; leave them out if the person says so."""
    unnumbered = [row for row in rows if row.transaction is None]
    overlap, known = await find_overlaps(ledger.vault, result.organisation.code, unnumbered)
    if overlap is None:
        return rows, ids
    message = Message(
        "{rows} of its {of} rows (day, donor, amount) stand in another list already (SHA-256"
        " {digest}…), imported on {day} from entry {position} on.",
        rows=overlap.rows,
        of=overlap.of,
        digest=overlap.digest[:DIGEST_DIGITS_SHOWN],
        day=_day(overlap.recorded_at),
        position=overlap.first_position,
    )
    if not overlap.is_repetition:
        result.notices.append(Notice("rows_known", message, None, None))
        return rows, ids
    return _settle_overlap(request, result, overlap, message, rows, ids, without_known(rows, known))


def _settle_overlap(
    request: ImportRequest,
    result: ImportResult,
    overlap: Overlap,
    message: Message,
    rows: Sequence[ListRow],
    ids: Sequence[str],
    fresh: Sequence[int],
) -> tuple[Sequence[ListRow], Sequence[str]]:
    result.known += overlap.rows
    mend = Message(
        "If it is the same list under another title, there is nothing to do. Accept “known” to"
        " append only the other {count} rows, or “overlap” if these are other gifts.",
        count=len(fresh),
    )
    problem = Problem("rows_known", message, mend, None, None, ALL_NEW)
    accepted = result.settle(request, problem, ONLY_NEW, ALL_NEW)
    if accepted and ALL_NEW not in request.accept:
        return _chosen(rows, ids, fresh)
    return rows, ids
