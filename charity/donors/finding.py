"""Provides the finding of what the vault keeps of a donor, so that it can be erased."""

from collections.abc import Callable

from charity.donors.enrolment import LASTING, Giver, donor_digest, plain_text
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import MovementRow, VaultConsent, VaultDonor, VaultPage, VaultRemark
from ledger.vault.erasure import Sought
from ledger.vault.reading import every_page
from ledger.vault.vault import Remark

ROWS_AT_ONCE = 900
OMITTED = "…"

Progress = Callable[[int, int], None]
"""Called with the rows opened and the rows in all."""


async def sought_at(positions: tuple[int, ...]) -> Sought:
    """Return the donors of the entries at these positions, as something to be erased.

    Raises:
        Refused: there is no such entry, or it has no donor.
    """
    references = set()
    for position in positions:
        rows = await MovementRow.select(MovementRow.donor).where(MovementRow.position == position)
        if not rows or rows[0]["donor"] is None:
            raise Refused("Entry {position} is not there, or has no donor.", position=position)
        references.add(rows[0]["donor"])
    return Sought(frozenset(references), frozenset(positions))


async def sought_by_identity(ledger: Ledger, giver: Giver) -> Sought:
    """Return a donor with a lasting reference, found by keyed hash alone."""
    vault = ledger.vault
    hashes = [
        name_hash
        for visibility in LASTING
        for name_hash in vault.donor_hashes(donor_digest(vault, visibility, giver))
    ]
    rows = await VaultDonor.select(VaultDonor.reference).where(VaultDonor.name_hash.is_in(hashes))
    return Sought(frozenset(row["reference"] for row in rows))


async def sought_by_name(ledger: Ledger, name: str, on_progress: Progress) -> Sought:
    """Open the whole vault and return everything that stands under this name, or mentions it.

    Donors whose whole name this is; remarks and bases of consent in which it occurs. Width, case
    and blanks make no difference. Two people may have one name: whoever asks must know that.
    """
    wanted = plain_text(name)
    if not wanted:
        raise Refused("No name was given.")
    total = await VaultPage.count() + await VaultRemark.count()
    references: set[str] = set()
    done = 0
    async for page, content in every_page(ledger.vault):
        references.update(
            f"{page}{place:04x}"
            for place, there in enumerate(content.names)
            if there is not None and plain_text(there) == wanted
        )
        done += 1
        on_progress(done, total)
    remarks = await _remarks_with(ledger, wanted, lambda more: on_progress(done + more, total))
    return Sought(frozenset(references), remarks, await _bases_without(ledger, name, wanted))


async def _remarks_with(
    ledger: Ledger, wanted: str, on_progress: Callable[[int], None]
) -> frozenset[int]:
    found: set[int] = set()
    last, done = -1, 0
    while rows := (
        await VaultRemark.select()
        .where(VaultRemark.position > last)
        .order_by(VaultRemark.position)
        .limit(ROWS_AT_ONCE)
    ):
        for row in rows:
            remark = ledger.vault.open_remark(row["position"], bytes(row["sealed"]))
            if _mentions(remark, wanted):
                found.add(row["position"])
        last, done = rows[-1]["position"], done + len(rows)
        on_progress(done)
    return frozenset(found)


def _mentions(remark: Remark, wanted: str) -> bool:
    return any(text and wanted in plain_text(text) for text in (remark.payer, remark.remark))


async def _bases_without(ledger: Ledger, name: str, wanted: str) -> dict[int, str]:
    """Return number → words without the name, of those consents whose basis holds it."""
    bases: dict[int, str] = {}
    for row in await VaultConsent.select(VaultConsent.id, VaultConsent.sealed):
        basis = ledger.vault.open_basis(row["id"], bytes(row["sealed"]))
        if wanted in plain_text(basis):
            shorter = basis.replace(name, OMITTED)
            bases[row["id"]] = OMITTED if wanted in plain_text(shorter) else shorter
    return bases
