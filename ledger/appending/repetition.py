"""Provides the answer to a repeated submission: the same content again, or a conflict.

Source: the idempotency rule of payment interfaces: one key, one content, for ever.
"""

import msgspec

from ledger.entries import Entry, Facts, Posting
from ledger.kinds.donation import Donor
from ledger.kinds.reversal import ReversalFacts
from ledger.messages import Refused
from ledger.vault.vault import Opening

ANY_REFERENCE = "0" * 32


class Conflict(Refused):
    """The key of a submission stands in the log already, with another content."""


def check_same(
    stored: Entry, submitted: Entry, stored_donor: Opening | None, donor: Opening | None
) -> None:
    """Make sure that a submission repeats the entry that the log holds under its id.

    The moment of recording and the donor's fresh reference differ each time; the name behind it
    does not, as long as the vault still knows it.

    Raises:
        Conflict: the contents differ.
    """
    names_differ = (
        stored_donor is not None and donor is not None and stored_donor.name != donor.name
    )
    if names_differ or _content(stored) != _content(submitted):
        raise Conflict(
            "The key {id} was used before, for an entry with another content. A key stands for one"
            " fact; take another key for another fact.",
            id=submitted.id,
        )


def donor_of(entry: Entry) -> Donor | None:
    """Return the donor or settlor whom an entry, or the one it reverses, names by reference."""
    facts = entry.facts.facts if isinstance(entry.facts, ReversalFacts) else entry.facts
    return getattr(facts, "donor", None) or getattr(facts, "settlor", None)


def _with_donor(facts: Facts, donor: Donor) -> Facts:
    """Return facts with another donor or settlor, also within a reversal."""
    if isinstance(facts, ReversalFacts):
        return msgspec.structs.replace(facts, facts=_with_donor(facts.facts, donor))
    field = "settlor" if hasattr(facts, "settlor") else "donor"
    return msgspec.structs.replace(facts, **{field: donor})


def _content(entry: Entry) -> Entry:
    """Return an entry without what differs when the same fact is submitted again."""
    donor = donor_of(entry)
    if donor is None:
        return msgspec.structs.replace(entry, recorded_at="")
    hidden = msgspec.structs.replace(
        donor,
        reference=ANY_REFERENCE,
        commitment=None if donor.commitment is None else ANY_REFERENCE * 2,
    )
    postings = tuple(
        Posting(
            posting.account.replace(donor.reference, ANY_REFERENCE), posting.amount, posting.unit
        )
        for posting in entry.postings
    )
    facts = _with_donor(entry.facts, hidden)
    return msgspec.structs.replace(entry, facts=facts, postings=postings, recorded_at="")
