"""Provides the merging of two references that are one donor, and its undoing: a person decides.

What the log alone cannot check is checked here: both references are lasting ones, and of the same
visibility. Anonymous references are never merged, for they are unlinkable by promise; a pseudonym
is never merged with a name, for that would reveal it.
"""

from typing import Final, Literal, TypeAlias

from charity.donors.enrolment import LASTING
from charity.donors.relations import (
    REFERENCE,
    append_decision,
    check_both_gave,
    checked_words,
    is_named,
)
from charity.donors.tables import DonorDecision
from charity.organisations.uscc import parse_code
from ledger.appending.writer import Writer
from ledger.kinds import parse_entry
from ledger.kinds.donor_merge import DONOR_MERGE, DonorMergeFacts, MergeBasis, Pair
from ledger.kinds.donor_separation import DONOR_SEPARATION, DonorSeparationFacts
from ledger.messages import Refused
from ledger.reading import read_entry
from ledger.tables import VaultDonor
from ledger.vault.vault import Vault

Answer: TypeAlias = Literal["different", "later"]
DIFFERENT: Final[Answer] = "different"
LATER: Final[Answer] = "later"


async def merge_donors(
    vault: Vault,
    writer: Writer,
    code: str | None,
    donors: Pair,
    basis: MergeBasis,
    reason: str,
    day: str,
    *,
    donors_code: str = "",
) -> int:
    """Append that two lasting references are one donor; return the position.

    Args:
        vault: the ledger's.
        writer: the writer of the moment.
        code: credit code of the organisation that decides; None for the supervision.
        donors: the two references.
        basis: by what the person knows it.
        reason: public words, without a person's name.
        day: ISO day in Asia/Shanghai.
        donors_code: the donor's own credit code, read from a document: needed for basis USCC. It
            is compared by its keyed hash and not kept.

    Raises:
        Refused: they are no lasting references, one is named and one a pseudonym, one did not give
            to this organisation, neither gave under that code, or they are one donor already.
    """
    reason = checked_words(reason)
    one, other = await is_named(donors)
    if one != other:
        raise Refused("A pseudonym is never merged with a name: that would tell whose it is.")
    await check_both_gave(code, donors)
    if basis is MergeBasis.USCC:
        await _check_code(vault, donors, donors_code)
    facts = DonorMergeFacts(basis=basis, donors=donors, reason=reason)
    return await append_decision(writer, code, DONOR_MERGE.name, day, facts)


async def _check_code(vault: Vault, donors: Pair, donors_code: str) -> None:
    """Make sure that one of the two gave under this code before, which was kept as keyed hash."""
    if not donors_code.strip():
        raise Refused("Write the donor’s credit code as it stands in the document that you saw.")
    digests = [
        vault.identity_digest(visibility, "code", parse_code(donors_code)) for visibility in LASTING
    ]
    hashes = [name_hash for digest in digests for name_hash in vault.donor_hashes(digest)]
    rows = await VaultDonor.select(VaultDonor.reference).where(VaultDonor.name_hash.is_in(hashes))
    if not {row["reference"] for row in rows} & set(donors):
        raise Refused("Neither of the two ever gave under the code {code}.", code=donors_code[:26])


async def separate_donors(
    writer: Writer, person: str, code: str | None, merge: int, reason: str, day: str
) -> int:
    """Append that a merge is undone; return the position. The two are not suggested again.

    Args:
        writer: the writer of the moment.
        person: id of who decides.
        code: credit code of the organisation that decides; None for the supervision.
        merge: position of the merge.
        reason: public words, without a person's name.
        day: ISO day in Asia/Shanghai.

    Raises:
        Refused: there is no such merge, it was undone already, or somebody else decided it.
    """
    facts = DonorSeparationFacts(reason=checked_words(reason), refers_to=merge)
    position = await append_decision(writer, code, DONOR_SEPARATION.name, day, facts)
    undone = parse_entry(await read_entry(merge)).facts.donors
    await _remember(writer, person, code, undone, DIFFERENT)
    return position


async def answer_suggestion(
    writer: Writer, person: str, code: str | None, donors: Pair, answer: Answer
) -> None:
    """Remember that two references are not one donor, or are to be looked at later.

    Raises:
        Refused: they are no references, or one did not give to this organisation.
    """
    if not all(map(REFERENCE.fullmatch, donors)) or donors[0] == donors[1]:
        raise Refused("Choose two donors.")
    await check_both_gave(code, donors)
    there = await DonorDecision.select().where(DonorDecision.pair == pair_key(donors)).first()
    if code is not None and there is not None and there["organisation"] != code:
        raise Refused("Somebody else answered this already: the supervision or an organisation.")
    await _remember(writer, person, code, donors, answer)


def pair_key(donors: Pair) -> str:
    """Return what a pair of references is called in the table of decisions."""
    return "".join(sorted(donors))


async def _remember(
    writer: Writer, person: str, code: str | None, donors: Pair, answer: Answer
) -> None:
    pair = pair_key(donors)
    await DonorDecision.delete().where(DonorDecision.pair == pair)
    await DonorDecision.insert(
        DonorDecision(
            pair=pair,
            answer=answer,
            person=person,
            organisation=code,
            decided_at=writer.recorded_at,
        )
    )
