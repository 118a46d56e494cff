"""Provides the donors with lasting references: who they are, as far as shown, and their gifts.

Anonymous gifts are not in it: they have no lasting reference. Erased donors are not in it, either.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from charity.donors.enrolment import Giver, donor_digest, plain_text
from charity.organisations.uscc import organisation_identifier
from ledger.database.bulk_rows import VALUES_AT_ONCE
from ledger.entries import CURRENCY, ORGANISATION_PREFIX
from ledger.kinds.donation import Visibility
from ledger.log import Ledger
from ledger.tables import MovementRow, VaultDonor, VaultPage
from ledger.vault.reading import KnownDonor, known_donors
from ledger.vault.vault import SHOWN_ORGANISATION, Vault, page_of

_GIVEN: Final = """
SELECT given.donor, given.organisation, given.unit, sum(CASE
    WHEN given.kind = 'reversal' THEN CASE WHEN given.amount < 0 THEN -1 ELSE 0 END
    WHEN given.kind = 'refund' THEN 0 ELSE 1 END) AS gifts,
  sum(CASE WHEN given.kind = 'refund' THEN -given.amount ELSE given.amount END) AS amount
FROM ledger_movement AS given
WHERE given.donor IN (SELECT reference FROM vault_donor) AND given.kind IN (
  'donation', 'goods_donation', 'onward_transfer', 'trust_contribution', 'refund', 'reversal')
"""
_GROUPED: Final = " GROUP BY given.donor, given.organisation, given.unit"


@dataclass(frozen=True, slots=True)
class DonorLine:
    """A donor with a lasting reference, as the people who work with it may see it.

    Attributes:
        reference: the lasting reference.
        name: None where no name may be shown: a pseudonym, or a consent that was withdrawn.
        is_pseudonym: whether gifts are linked, but never under a name.
        is_organisation: whether it is shown as an organisation: no person's name.
        by_code: whether it is an organisation that is told apart by its credit code.
        gifts: number of gifts that stand.
        sums: unit → what they add up to, without what was paid back, in minor units.
        organisations: credit codes of those who received, in order.
    """

    reference: str
    name: str | None
    is_pseudonym: bool
    is_organisation: bool
    by_code: bool
    gifts: int
    sums: dict[str, int]
    organisations: tuple[str, ...]


@dataclass(slots=True)
class _Given:
    """What a donor gave so far."""

    gifts: int
    sums: dict[str, int]
    organisations: set[str]


async def donor_lines(ledger: Ledger, code: str | None = None) -> list[DonorLine]:
    """Return the donors who gave to an organisation, or to any, who gave most first."""
    given = await _given(code)
    known = await known_donors(ledger.vault, given, shown_only=True)
    named = await _named(list(given))
    coded = await _coded(ledger.vault, known)
    lines = [
        DonorLine(
            reference,
            known[reference].identity.name if reference in known else None,
            reference not in named,
            reference in known and known[reference].shown == SHOWN_ORGANISATION,
            reference in coded,
            sums.gifts,
            sums.sums,
            tuple(sorted(sums.organisations)),
        )
        for reference, sums in given.items()
    ]
    return sorted(lines, key=lambda line: (-line.sums.get(CURRENCY, 0), line.reference))


def lines_with(lines: list[DonorLine], words: str) -> list[DonorLine]:
    """Return those whose name holds these words, or whose reference ends with them."""
    wanted = plain_text(words)
    if not wanted:
        return lines
    return [
        line
        for line in lines
        if (line.name is not None and wanted in plain_text(line.name))
        or line.reference.endswith(wanted)
    ]


async def _given(code: str | None) -> dict[str, _Given]:
    rows: list[dict[str, Any]]
    if code is None:
        rows = await MovementRow.raw(_GIVEN + _GROUPED)
    else:
        rows = await MovementRow.raw(
            f"{_GIVEN} AND given.organisation = {{}}{_GROUPED}", organisation_identifier(code)
        )
    given: dict[str, _Given] = defaultdict(lambda: _Given(0, defaultdict(int), set()))
    for row in rows:
        donor = given[row["donor"]]
        donor.gifts += int(row["gifts"])
        donor.sums[row["unit"]] += int(row["amount"])
        donor.organisations.add((row["organisation"] or "").removeprefix(ORGANISATION_PREFIX))
    return dict(given)


async def _named(references: list[str]) -> frozenset[str]:
    """Return those references under which gifts are made by name: pages of pseudonyms say nothing.

    A name whose consent was withdrawn counts as named: it is no pseudonym.
    """
    pages = sorted({page_of(reference) for reference in references})
    named: set[str] = set()
    for start in range(0, len(pages), VALUES_AT_ONCE):
        rows = await VaultPage.select(VaultPage.page).where(
            VaultPage.page.is_in(pages[start : start + VALUES_AT_ONCE])
            & VaultPage.shown.is_not_null()
        )
        named.update(row["page"] for row in rows)
    return frozenset(reference for reference in references if page_of(reference) in named)


async def _coded(vault: Vault, known: dict[str, KnownDonor]) -> frozenset[str]:
    """Return the organisations that are not found by their name, so by their credit code.

    The vault keeps a keyed hash of what tells a donor apart; a code itself is kept nowhere.
    """
    coded = set()
    for row in await VaultDonor.select():
        reference = row["reference"]
        behind = known.get(reference)
        if behind is None or behind.shown != SHOWN_ORGANISATION:
            continue
        digest = vault.open_donor(row["name_hash"], reference, bytes(row["sealed"]))
        giver = Giver(behind.identity.name, is_organisation=True)
        if digest is not None and digest != donor_digest(vault, Visibility.NAMED, giver):
            coded.add(reference)
    return frozenset(coded)
