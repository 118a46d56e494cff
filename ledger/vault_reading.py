"""Provides the reading of the vault: who is behind donor references."""

from collections.abc import Collection
from dataclasses import dataclass

from ledger.tables import VaultPage
from ledger.vault import Identity, Vault, page_of

PAGES_AT_ONCE = 900


@dataclass(frozen=True, slots=True)
class KnownDonor:
    """Who is behind a reference; why the name may be shown, if it may; number of the consent."""

    identity: Identity
    shown: str | None
    consent: int | None


async def known_donors(
    vault: Vault, references: Collection[str], *, shown_only: bool = False
) -> dict[str, KnownDonor]:
    """Return reference → donor, for those references whom the vault knows.

    With `shown_only`, pages whose names are not shown stay closed.
    """
    by_page: dict[str, list[str]] = {}
    for reference in references:
        by_page.setdefault(page_of(reference), []).append(reference)
    pages = sorted(by_page)
    known: dict[str, KnownDonor] = {}
    for start in range(0, len(pages), PAGES_AT_ONCE):
        query = VaultPage.select().where(VaultPage.page.is_in(pages[start : start + PAGES_AT_ONCE]))
        if shown_only:
            query = query.where(VaultPage.shown.is_not_null())
        for row in await query:
            page = vault.open_page(row["page"], bytes(row["sealed"]))
            for reference in by_page[row["page"]]:
                identity = page.identity(reference)
                if identity is not None:
                    known[reference] = KnownDonor(identity, row["shown"], row["consent"])
    return known
