"""Provides what stands between donors: merges and ownerships, and their entering and ending.

Whoever decides for an organisation decides only about donors who both gave to it; the supervision
(no organisation) decides about all. The rules of the log itself are in `ledger.donor_relations`.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from charity.organisations.uscc import organisation_identifier
from ledger.appending.stored_references import stored_relations
from ledger.appending.writer import Writer
from ledger.database.engines import current_connection
from ledger.donor_relations import DonorRelations, Owned
from ledger.entries import ORGANISATION_PREFIX, Entry, Facts, Source
from ledger.kinds.donor_merge import Pair
from ledger.kinds.ownership import OWNERSHIP, OwnershipFacts
from ledger.kinds.ownership_end import OWNERSHIP_END, OwnershipEndFacts
from ledger.messages import Refused
from ledger.tables import MovementRow, VaultDonor, VaultPage
from ledger.vault.vault import page_of

WORDS_CHARACTERS_MAX: Final = 500
REFERENCE: Final = re.compile(r"[0-9a-f]{32}")
PERSONAL_NUMBER: Final = re.compile(r"(?<![0-9])(?:1[3-9][0-9]{9}|[0-9]{17}[0-9Xx])(?![0-9])")
"""A mobile number, or the number of an identity card (GB 11643)."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A merge or an ownership that stands, with its place in the log.

    Attributes:
        position: of the entry.
        entry: the entry itself.
        code: credit code of the organisation that decided; None for the supervision.
    """

    position: int
    entry: Entry
    code: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that stands between donors now.

    Attributes:
        merges: the merges that were not undone, the newest first.
        ownerships: the ownerships that have not ended, the newest first.
        relations: the same as the rules see it.
    """

    merges: list[Decided]
    ownerships: list[Decided]
    relations: DonorRelations

    def owned(self, position: int) -> Owned:
        """Return the ownership at a position."""
        return self.relations.ownerships[position]


async def standing_relations() -> Standing:
    """Return the merges and ownerships that stand now."""
    async with current_connection() as connection:
        stored = await stored_relations(connection)
    relations = DonorRelations()
    decided: dict[int, Decided] = {}
    for position, entry in stored:
        relations.take(position, entry)
        organisation = entry.organisation
        code = organisation.removeprefix(ORGANISATION_PREFIX) if organisation else None
        decided[position] = Decided(position, entry, code)
    return Standing(
        [decided[position] for position in sorted(relations.merges, reverse=True)],
        [
            decided[position]
            for position in sorted(relations.ownerships, reverse=True)
            if relations.ownerships[position].last is None
        ],
        relations,
    )


async def is_named(references: Pair) -> tuple[bool, bool]:
    """Return for two lasting references whether each is named; else it is a pseudonym.

    A name's page says why it may be shown; a pseudonym's says nothing. So no gift needs to be read.

    Raises:
        Refused: the two are one, or one is no lasting reference: an anonymous donor has a new one
            for each gift, so that nobody can link them.
    """
    if references[0] == references[1]:
        raise Refused("Choose two donors.")
    for reference in references:
        if not REFERENCE.fullmatch(reference) or not await VaultDonor.exists().where(
            VaultDonor.reference == reference
        ):
            raise Refused(
                "{reference} is no lasting reference of a donor. Anonymous gifts are never linked.",
                reference=reference[:32],
            )
    rows = await VaultPage.select(VaultPage.page, VaultPage.shown).where(
        VaultPage.page.is_in([page_of(reference) for reference in references])
    )
    shown = {row["page"]: row["shown"] is not None for row in rows}
    one, other = (shown.get(page_of(reference), False) for reference in references)
    return one, other


async def check_both_gave(code: str | None, references: Pair) -> None:
    """Make sure that two donors both gave to an organisation; the supervision sees all.

    Raises:
        Refused: one of them did not.
    """
    if code is None:
        return
    organisation = organisation_identifier(code)
    for reference in references:
        if not await MovementRow.exists().where(
            (MovementRow.organisation == organisation) & (MovementRow.donor == reference)
        ):
            raise Refused("An organisation decides only about donors who gave to it.")


def checked_words(words: str) -> str:
    """Return words that everybody will read, if they may stand in the log.

    Raises:
        Refused: nothing is written, too much, or a personal number stands there.
    """
    words = " ".join(words.split())
    if not words:
        raise Refused("Say why, in words that everybody may read.")
    if len(words) > WORDS_CHARACTERS_MAX:
        raise Refused("Write at most {most} characters.", most=WORDS_CHARACTERS_MAX)
    if PERSONAL_NUMBER.search(words):
        raise Refused(
            "These words become public for good: a telephone or identity number must not stand in"
            " them."
        )
    return words


def checked_day(text: str, today: str) -> str:
    """Return an ISO day that is not after today.

    Raises:
        Refused: it is none, or still to come.
    """
    try:
        day = date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise Refused("Write a day as 2024-03-31.") from None
    if day > today:
        raise Refused("The day {day} is still to come.", day=day)
    return day


async def append_decision(
    writer: Writer,
    code: str | None,
    kind: str,
    day: str,
    facts: Facts,
) -> int:
    """Append a decision about donors; `code` is that of the organisation, None for the log's own.

    The same two donors may be brought together again later, so the id tells the place, too.
    """
    organisation = organisation_identifier(code) if code is not None else None
    entry_id = f"{kind.replace('_', '-')}:{writer.size}"
    entry = writer.entry(kind, day, organisation, facts, entry_id, Source())
    return (await writer.append([entry])).start


async def record_ownership(
    writer: Writer, code: str | None, parent: str, child: str, since: str, evidence: str, today: str
) -> int:
    """Append that one donor belongs to another's group; return the position.

    Args:
        writer: the writer of the moment.
        code: credit code of the organisation that decides; None for the supervision.
        parent: lasting reference of the parent company.
        child: lasting reference of the company that belongs to it.
        since: ISO day from which on.
        evidence: where anybody can read it, such as “2025年年报第87页”.
        today: ISO day in Asia/Shanghai, the entry's day.

    Raises:
        Refused: one of the two is not named (a pseudonym's group would reveal it), did not give to
            this organisation, or the log's rules do not allow it.
    """
    facts = OwnershipFacts(
        child=child,
        evidence=checked_words(evidence),
        parent=parent,
        since=checked_day(since, today),
    )
    if not all(await is_named((parent, child))):
        raise Refused("Only donors who are named can belong to a group: it would tell who one is.")
    await check_both_gave(code, (parent, child))
    return await append_decision(writer, code, OWNERSHIP.name, today, facts)


async def end_ownership(
    writer: Writer, code: str | None, ownership: int, last: str, reason: str, today: str
) -> int:
    """Append that an ownership is over; return the position.

    Args:
        writer: the writer of the moment.
        code: credit code of the organisation that decides; None for the supervision.
        ownership: position of its entry.
        last: its last ISO day; a day before its first says that it never held.
        reason: public words.
        today: ISO day in Asia/Shanghai.

    Raises:
        Refused: it has ended, or somebody else decided it.
    """
    facts = OwnershipEndFacts(reason=checked_words(reason), refers_to=ownership)
    return await append_decision(writer, code, OWNERSHIP_END.name, checked_day(last, today), facts)
