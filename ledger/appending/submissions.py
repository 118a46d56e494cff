"""Provides the checking of single submissions: each is accepted, refused or known by itself."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ledger.appending.cover import Cover
from ledger.appending.repetition import check_same, donor_of
from ledger.appending.stored_references import StoredReferences
from ledger.database.bulk_rows import fetch_among
from ledger.entries import ID_CHARACTERS_MAX, Entry, entry_bytes
from ledger.kinds import parse_canonical_entry, parse_entry
from ledger.messages import Refused
from ledger.tables import LogEntry
from ledger.tiles import ENTRY_BYTES_MAX
from ledger.vault.reading import known_donors
from ledger.vault.vault import Opening, Vault, VaultRow, page_of


class Submission(NamedTuple):
    """One sound entry that somebody wants appended, and what the vault must know of its donor."""

    entry: Entry
    body: bytes
    vault_rows: Sequence[VaultRow] = ()

    @classmethod
    def of(cls, entry: Entry, vault_rows: Sequence[VaultRow] = ()) -> "Submission":
        """Return the submission of an entry.

        Raises:
            Refused: the entry is unsound.
        """
        return cls(entry, check_sound(entry), vault_rows)


class Appended(NamedTuple):
    """The answer to a submission: the entry's position, and whether it was there before."""

    position: int
    repeated: bool


class _There(NamedTuple):
    """An entry that the log holds under an id, and the opening of its donor's commitment."""

    position: int
    entry: Entry
    opening: Opening | None


def check_sound(entry: Entry) -> bytes:
    """Return an entry's bytes, if anyone can read them again and they follow their kind's rules.

    Raises:
        Refused: it is not canonical JSON, too large, or its facts do not fit its kind.
    """
    body = entry_bytes(entry)
    check_limits([entry], [body])
    parse_canonical_entry(body)
    return body


def check_limits(entries: Sequence[Entry], bodies: Sequence[bytes]) -> None:
    """Make sure that entries fit into the log.

    Raises:
        Refused: one is larger than a bundle's entry may be, or its id is too long.
    """
    longest = max(map(len, bodies), default=0)
    if longest > ENTRY_BYTES_MAX:
        entry = next(e for e, body in zip(entries, bodies, strict=True) if len(body) == longest)
        raise Refused(
            "Entry {id} is {count} bytes long; an entry holds at most {most}.",
            id=entry.id,
            count=longest,
            most=ENTRY_BYTES_MAX,
        )
    ids = [entry.id for entry in entries]
    if max(map(len, ids), default=0) > ID_CHARACTERS_MAX:
        raise Refused(
            "The id {id} is longer than {most} characters.",
            id=max(ids, key=len),
            most=ID_CHARACTERS_MAX,
        )


class Admission:
    """The submissions of one group on their way into the log.

    Attributes:
        accepted: those that are to be appended, in the order of their positions.
    """

    def __init__(
        self,
        first: int,
        there: dict[str, _There],
        cover: Cover,
        references: StoredReferences,
        vault: Vault,
    ) -> None:
        self.accepted: list[Submission] = []
        self._first = first
        self._there = there
        self._cover = cover
        self._references = references
        self._vault = vault

    @classmethod
    async def of(
        cls,
        connection: Any,
        first: int,
        submissions: Sequence[Submission],
        vault: Vault,
        *,
        look_up: bool,
    ) -> "Admission":
        """Read what the database holds that these submissions must be checked against.

        Args:
            connection: the writer's.
            first: the position of the next entry.
            submissions: those that will be answered, in any order.
            vault: opens the names of donors whose gifts are submitted again.
            look_up: whether to look for ids that the log holds already.
        """
        entries = [submission.entry for submission in submissions]
        ids = list({entry.id for entry in entries}) if look_up else []
        there = await _there(connection, ids, vault)
        cover = await Cover.of_entries(connection, entries)
        references = await StoredReferences.of(connection, entries)
        return cls(first, there, cover, references, vault)

    def answer(self, submission: Submission) -> Appended | Refused:
        """Accept a submission, or say why not; the same content again gets the first answer."""
        try:
            there = self._there.get(submission.entry.id)
            if there is None:
                return Appended(self._accept(submission), repeated=False)
            check_same(there.entry, submission.entry, there.opening, self._opening(submission))
            return Appended(there.position, repeated=True)
        except Refused as refusal:
            return refusal

    def _accept(self, submission: Submission) -> int:
        entry, body, rows = submission
        position = self._first + len(self.accepted)
        if rows:
            submission = Submission(entry, body, self._vault.renewed(rows))
        self._references.check(entry)
        self._cover.take(entry)
        self._references.add(position, entry)
        self.accepted.append(submission)
        self._there[entry.id] = _There(position, entry, self._opening(submission))
        return position

    def _opening(self, submission: Submission) -> Opening | None:
        """Return what opens the commitment of a submitted gift's donor."""
        donor = donor_of(submission.entry)
        if donor is None or not submission.vault_rows:
            return None
        page = page_of(donor.reference)
        for row in submission.vault_rows:
            if row[0] == page:
                return self._vault.open_page(page, row[1]).identity(donor.reference)
        return None


async def _there(connection: Any, ids: Sequence[str], vault: Vault) -> dict[str, _There]:
    """Return id → what the log holds under it, of those that it holds."""
    rows = await fetch_among(connection, LogEntry, ("position", "id", "body"), "id", ids)
    entries = {row["id"]: (row["position"], parse_entry(bytes(row["body"]))) for row in rows}
    donors = {
        entry_id: donor.reference
        for entry_id, (_, entry) in entries.items()
        if (donor := donor_of(entry)) is not None
    }
    known = await known_donors(vault, set(donors.values())) if donors else {}
    return {
        entry_id: _There(
            position,
            entry,
            known[donors[entry_id]].identity if donors.get(entry_id) in known else None,
        )
        for entry_id, (position, entry) in entries.items()
    }
