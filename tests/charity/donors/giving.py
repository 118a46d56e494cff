"""Provides donors who give, for tests of what is decided about them."""

from charity.donors.enrolment import (
    DONOR_COLUMNS,
    Choice,
    Giver,
    donor_digest_of_code,
    enrol_giver,
    record_consent,
)
from charity.organisations.uscc import organisation_identifier
from charity.reporting.records import Request, record_gift
from ledger.appending.writer import VAULT_COLUMNS
from ledger.database.bulk_rows import insert_rows
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.log import Ledger
from ledger.tables import VaultDonor, VaultPage
from ledger.vault.vault import SHOWN_ORGANISATION
from tests.conftest import ORGANISATION

DAY = "2026-01-02"
OTHER = "53330000501874064B"
CODE = "91440300MA0000001X"


async def gives(
    ledger: Ledger,
    name: str,
    choice: Choice = Choice.WITH_AMOUNT,
    *,
    identity: tuple[str, ...] = (),
    to: str = ORGANISATION,
    amount: int = 100_00,
) -> str:
    """Let an organisation, or with an identity a person, give; return the reference."""
    giver = Giver(name, is_organisation=not identity, identity=identity)
    async with ledger.write() as writer:
        consent = None
        if identity and choice is Choice.WITH_AMOUNT:
            consent = await record_consent(ledger.vault, "虚构同意", writer.recorded_at)
        donor = await enrol_giver(
            ledger.vault, writer, organisation_identifier(to), giver, choice, consent
        )
        facts = DonationFacts(amount=amount, donor=donor, fund="general")
        await record_gift(writer, Request(to, DAY, f"gift-{writer.size}"), facts)
    return donor.reference


async def gives_with_code(
    ledger: Ledger, name: str, code: str = CODE, *, to: str = ORGANISATION
) -> str:
    """Let an organisation give that is told apart by its credit code, as lists do."""
    vault = ledger.vault
    async with ledger.write() as writer:
        donors, pages = vault.enrol([name], writer.now, Visibility.NAMED, SHOWN_ORGANISATION)
        donor: Donor = donors[0]
        row = vault.donor_row(donor_digest_of_code(vault, code), donor.reference)
        await insert_rows(writer.connection, VaultPage, VAULT_COLUMNS, pages)
        await insert_rows(writer.connection, VaultDonor, DONOR_COLUMNS, [row])
        facts = DonationFacts(amount=100_00, donor=donor, fund="general")
        await record_gift(writer, Request(to, DAY, f"gift-{writer.size}"), facts)
    return donor.reference
