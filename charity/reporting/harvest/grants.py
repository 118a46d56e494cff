"""Provides the reading of 360Giving files: grants given to an organisation, or given by it.

Source: 360Giving Data Standard 1.4, `360-giving-schema.json` (required: id, title, currency,
amountAwarded, awardDate, fundingOrganization, recipientOrganization or recipientIndividual).
"""

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from charity.donors.enrolment import Choice
from charity.organisations.uscc import SHAPE, organisation_identifier
from charity.reporting.batches.records import (
    AMOUNT_MAX,
    RECORDS_MAX,
    DonorRecord,
    GiftRecord,
    Record,
    RecordsContent,
    SpendingRecord,
    TransferRecord,
)
from charity.reporting.dates import SHENZHEN
from ledger.entries import ORGANISATION_PREFIX
from ledger.kinds.expenditure import Purpose
from ledger.messages import Refused

CURRENCIES: Final = frozenset({"CNY", "HKD", "MOP", "USD"})
CENT: Final = Decimal("0.01")
KEY: Final = re.compile(r"[0-9A-Za-z._:-]{1,90}")
DESCRIPTION_CHARACTERS_MAX: Final = 300


class Party(BaseModel):
    """An organisation in a grant."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1, max_length=200)
    name: str = Field(min_length=1, max_length=200)


class Grant(BaseModel):
    """What is read of a grant; amounts are in major units, as decimals."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1, max_length=300)
    title: str = Field(min_length=1)
    currency: str
    amountAwarded: Decimal  # noqa: N815 (the standard's name)
    awardDate: str  # noqa: N815
    fundingOrganization: list[Party] = Field(min_length=1)  # noqa: N815
    recipientOrganization: list[Party] = Field(default_factory=list)  # noqa: N815


class Package(BaseModel):
    """A 360Giving file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    grants: list[Grant]


def is_grants_file(content: bytes) -> bool:
    """Return whether a file is JSON, and not a list in rows."""
    return content[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def read_grants(
    content: bytes,
    *,
    organisation: str,
    fund: str,
    project: str | None,
    registered: Sequence[str],
) -> RecordsContent:
    """Return the records that a 360Giving file tells of an organisation.

    A grant to the organisation is a gift, or an onward transfer where the funder's books are in
    this ledger. A grant by the organisation is spending of `project`.

    Args:
        content: the file.
        organisation: credit code of the organisation that publishes it.
        fund: code of the fund that receives or spends.
        project: code of the project that spends; needed for grants by the organisation.
        registered: credit codes of the organisations of this ledger.

    Raises:
        Refused: it is no 360Giving file, holds too many grants, or a grant cannot be recorded.
    """
    grants = _parsed(content)
    if not grants:
        raise Refused("This 360Giving file holds no grants.")
    if len(grants) > RECORDS_MAX:
        raise Refused(
            "This 360Giving file holds {count} grants; at most {most} are read at once. Publish it"
            " in parts.",
            count=len(grants),
            most=RECORDS_MAX,
        )
    ids = [grant.id for grant in grants]
    if len(set(ids)) != len(ids):
        raise Refused("Two grants of this 360Giving file have the same id.")
    read = _GrantReader(organisation_identifier(organisation), fund, project, registered)
    return RecordsContent(records=tuple(_checked(read, grant) for grant in grants))


def _checked(read: "_GrantReader", grant: Grant) -> Record:
    try:
        return read.record(grant)
    except ValidationError as error:
        place = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise Refused(
            "Grant {grant}: {field} cannot be recorded.",
            grant=grant.id,
            field=".".join(map(str, place["loc"])),
        ) from error


def _parsed(content: bytes) -> list[Grant]:
    try:
        data = json.loads(content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse)
        return Package.model_validate(data).grants
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise Refused(
            "This is no 360Giving file: {place} is missing or has a wrong form.", place=place
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refused("This JSON file is damaged and cannot be read.") from error


def _refuse(name: str) -> Any:
    raise ValueError(name)


class _GrantReader:
    """Turns grants into records of one organisation."""

    def __init__(
        self, organisation: str, fund: str, project: str | None, registered: Sequence[str]
    ) -> None:
        self._organisation, self._fund, self._project = organisation, fund, project
        self._registered = frozenset(map(organisation_identifier, registered))

    def record(self, grant: Grant) -> Record:
        """Return the record of a grant.

        Raises:
            Refused: it does not concern the organisation, or cannot be recorded from its side.
        """
        funders = {party.id for party in grant.fundingOrganization}
        recipients = {party.id for party in grant.recipientOrganization}
        if self._organisation in recipients and self._organisation not in funders:
            return self._received(grant)
        if self._organisation in funders and self._organisation not in recipients:
            return self._paid(grant, recipients)
        raise Refused(
            "Grant {grant} is neither to this organisation nor by it: one of both parties must"
            " carry the id {organisation}.",
            grant=grant.id,
            organisation=self._organisation,
        )

    def _received(self, grant: Grant) -> Record:
        funder = grant.fundingOrganization[0]
        day, amount, currency, key = _day(grant), _fen(grant), _currency(grant), _key(grant)
        if funder.id in self._registered:
            return TransferRecord(
                day=day, key=key, fund=self._fund, amount=amount, currency=currency,
                giver=funder.id.removeprefix(ORGANISATION_PREFIX),
            )  # fmt: skip
        code = funder.id.removeprefix(ORGANISATION_PREFIX)
        donor = DonorRecord(
            name=funder.name,
            is_organisation=True,
            code=code if SHAPE.fullmatch(code) else None,
            choice=Choice.WITH_AMOUNT,
        )
        return GiftRecord(
            day=day, key=key, fund=self._fund, amount=amount, currency=currency, donor=donor
        )

    def _paid(self, grant: Grant, recipients: set[str]) -> Record:
        if recipients & self._registered:
            raise Refused(
                "Grant {grant} went to another organisation of this ledger. The recipient reports"
                " it as an onward transfer, and you agree to it there.",
                grant=grant.id,
            )
        if self._project is None:
            raise Refused(
                "Grant {grant} is spending of this organisation. Choose the project that pays such"
                " grants for this address.",
                grant=grant.id,
            )
        recipient = grant.recipientOrganization[0].name if grant.recipientOrganization else ""
        words = f"{grant.title} → {recipient}" if recipient else grant.title
        return SpendingRecord(
            day=_day(grant), key=_key(grant), fund=self._fund, amount=_fen(grant),
            currency=_currency(grant), project=self._project, purpose=Purpose.PROGRAM,
            description=words[:DESCRIPTION_CHARACTERS_MAX],
        )  # fmt: skip


def _day(grant: Grant) -> date:
    try:
        if len(grant.awardDate) == len("2026-01-31"):
            return date.fromisoformat(grant.awardDate)
        moment = datetime.fromisoformat(grant.awardDate)
        return moment.astimezone(SHENZHEN).date() if moment.tzinfo else moment.date()
    except (ValueError, OverflowError) as error:
        raise Refused(
            "Grant {grant} has no readable date: awardDate is written 2026-01-31.", grant=grant.id
        ) from error


def _fen(grant: Grant) -> int:
    amount = grant.amountAwarded
    if not amount.is_finite() or not 0 < amount <= AMOUNT_MAX // 100 or amount % CENT:
        raise Refused(
            "Grant {grant}: the amount must be above zero, with two decimals at most. Report"
            " refunds as refunds.",
            grant=grant.id,
        )
    return int(amount / CENT)


def _currency(grant: Grant) -> Any:
    if grant.currency not in CURRENCIES:
        raise Refused(
            "Grant {grant} is in {currency}; this ledger keeps {known}.",
            grant=grant.id,
            currency=grant.currency[:10],
            known=", ".join(sorted(CURRENCIES)),
        )
    return grant.currency


def _key(grant: Grant) -> str:
    """Return the record's key: the same grant in a later file is the same record."""
    readable = KEY.fullmatch(grant.id)
    return f"360g:{grant.id if readable else sha256(grant.id.encode()).hexdigest()}"
