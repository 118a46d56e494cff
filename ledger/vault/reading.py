"""Provides the reading of the vault: who is behind references, and which names may be shown."""

from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from ledger.tables import VaultConsent, VaultPage, VaultThanks
from ledger.vault.vault import Opening, Page, Vault, page_of

PAGES_AT_ONCE = 900
THANKS_MIN: Final = 5
"""Fewest names of an organisation that are thanked without amounts; with fewer, none is shown.

A single name would belong to the only anonymous gift, by elimination: k-anonymity with k = 5, as
statistics offices commonly choose for the smallest group that they publish.
"""


@dataclass(frozen=True, slots=True)
class KnownDonor:
    """Who is behind a reference; why the name may be shown, if it may; number of the consent."""

    identity: Opening
    shown: str | None
    consent: int | None


async def withdrawn_consents(numbers: Iterable[int | None]) -> frozenset[int]:
    """Return those of these consents that were withdrawn: their names are shown no more.

    Source: 《个人信息保护法》 art. 15.
    """
    asked = sorted({number for number in numbers if number is not None})
    if not asked:
        return frozenset()
    rows = await VaultConsent.select(VaultConsent.id).where(
        VaultConsent.id.is_in(asked) & VaultConsent.withdrawn_at.is_not_null()
    )
    return frozenset(row["id"] for row in rows)


async def known_donors(
    vault: Vault, references: Collection[str], *, shown_only: bool = False
) -> dict[str, KnownDonor]:
    """Return reference → donor, for those references whom the vault knows.

    With `shown_only`, pages whose names are not shown beside an amount stay closed: nobody agreed,
    only to be thanked without the amount, or the consent was withdrawn.
    """
    vault.page_keys.refresh()
    by_page: dict[str, list[str]] = {}
    for reference in references:
        by_page.setdefault(page_of(reference), []).append(reference)
    pages = sorted(by_page)
    known: dict[str, KnownDonor] = {}
    for start in range(0, len(pages), PAGES_AT_ONCE):
        query = VaultPage.select().where(VaultPage.page.is_in(pages[start : start + PAGES_AT_ONCE]))
        if shown_only:
            query = query.where(VaultPage.shown.is_not_null())
        rows = await query
        closed = await withdrawn_consents(row["consent"] for row in rows) if shown_only else ()
        for row in rows:
            if row["consent"] in closed:
                continue
            page = vault.open_page(row["page"], bytes(row["sealed"]))
            for reference in by_page[row["page"]]:
                identity = page.identity(reference)
                if identity is not None:
                    known[reference] = KnownDonor(identity, row["shown"], row["consent"])
    return known


async def every_page(vault: Vault) -> AsyncIterator[tuple[str, Page]]:
    """Yield the pages of the vault in the order of their names, some hundred in memory at once."""
    last = ""
    while rows := (
        await VaultPage.select(VaultPage.page, VaultPage.sealed)
        .where(VaultPage.page > last)
        .order_by(VaultPage.page)
        .limit(PAGES_AT_ONCE)
    ):
        for row in rows:
            yield row["page"], vault.open_page(row["page"], bytes(row["sealed"]))
        last = rows[-1]["page"]


async def consent_basis(vault: Vault, number: int) -> str | None:
    """Return the words on whose basis names are shown; None for a consent that is not there."""
    row = await VaultConsent.select(VaultConsent.sealed).where(VaultConsent.id == number).first()
    return vault.open_basis(number, bytes(row["sealed"])) if row is not None else None


async def thanked_names(vault: Vault, organisation: str, limit: int) -> tuple[list[str], int]:
    """Return names that an organisation (its identifier) thanks without amounts, in their order.

    Returns:
        At most `limit` different names, and for how many gifts somebody is thanked; none and 0
        where fewer than `THANKS_MIN` different names stand.
    """
    vault.page_keys.refresh()
    names: list[str] = []
    most = max(limit, THANKS_MIN)
    count, last = 0, ""
    while rows := (
        await VaultThanks.select()
        .where((VaultThanks.organisation == organisation) & (VaultThanks.page > last))
        .order_by(VaultThanks.page)
        .limit(PAGES_AT_ONCE)
    ):
        closed = await withdrawn_consents(row["consent"] for row in rows)
        for row in rows:
            if row["consent"] not in closed:
                thanked = vault.open_thanks(row["page"], bytes(row["sealed"])).names
                names, count = sorted({*names, *thanked})[:most], count + len(thanked)
        last = rows[-1]["page"]
    return (names[:limit], count) if len(names) >= THANKS_MIN else ([], 0)
