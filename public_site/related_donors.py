"""Provides the donors that an entry brings together, as its page names them."""

from dataclasses import dataclass

from ledger.entries import Entry
from ledger.kinds.donor_merge import DonorMergeFacts
from ledger.kinds.ownership import OwnershipFacts
from ledger.log import Ledger
from ledger.messages import Message, Translate
from public_site.movements import PSEUDONYM_DIGITS, shown_names


@dataclass(frozen=True, slots=True)
class RelatedDonor:
    """A donor of a merge or an ownership; `hidden` says that no name may be shown."""

    role: str
    label: str
    hidden: bool
    reference: str


def unnamed_label(reference: str, translate: Translate) -> str:
    """Return how a donor is called whose name is not shown, told apart by the reference."""
    return Message("Well-wisher {code}", code=reference[-PSEUDONYM_DIGITS:]).text(translate)


async def related_donors(ledger: Ledger, entry: Entry, translate: Translate) -> list[RelatedDonor]:
    """Return the donors of a merge or an ownership; none of other entries."""
    match entry.facts:
        case DonorMergeFacts(donors=(one, other)):
            roles = [(Message("One reference"), one), (Message("The other reference"), other)]
        case OwnershipFacts(parent=parent, child=child):
            roles = [(Message("Parent company"), parent), (Message("Group company"), child)]
        case _:
            return []
    names = await shown_names(ledger, [reference for _, reference in roles])
    return [
        RelatedDonor(
            role.text(translate),
            names.get(reference) or unnamed_label(reference, translate),
            reference not in names,
            reference,
        )
        for role, reference in roles
    ]
