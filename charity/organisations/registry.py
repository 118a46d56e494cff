"""Provides the register of organisations and funds: adding them and finding them."""

import re
from enum import StrEnum
from typing import Final

from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import has_valid_check_characters, parse_code
from ledger.accounts import GENERAL_FUND
from ledger.messages import Refused, WrongUse

FUND_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
NAME_CHARACTERS_MAX: Final = 120


class OrganisationKind(StrEnum):
    """What kind of charity an organisation is; `CHARITY` where nobody said."""

    FOUNDATION = "foundation"
    COMMUNITY_FOUNDATION = "community_foundation"
    CHARITY_FEDERATION = "charity_federation"
    ASSOCIATION = "association"
    SOCIAL_SERVICE_AGENCY = "social_service_agency"
    CHARITY = "charity"


def checked_name(name: str) -> str:
    """Return a name with single spaces.

    Raises:
        Refused: it is empty or too long.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX:
        raise Refused("A name has 1 to {most} characters.", most=NAME_CHARACTERS_MAX)
    return name


async def add_organisation(
    code: str,
    name: str,
    kind: OrganisationKind = OrganisationKind.CHARITY,
    district: str | None = None,
    *,
    confirm_code: bool = False,
) -> bool:
    """Register an organisation with its unrestricted fund; return False if it was there already.

    Raises:
        Refused: the code has the wrong shape, its check character is wrong and nobody confirmed
            it, or the code is registered under another name.
    """
    code, name = parse_code(code), checked_name(name)
    valid = has_valid_check_characters(code)
    there = await Organisation.objects().where(Organisation.code == code).first()
    if there is not None:
        if there.name == name:
            return False
        raise Refused("{code} is registered already, as {name}.", code=code, name=there.name)
    if not (valid or confirm_code):
        raise Refused(
            "The check character of {code} is wrong. Look for a slip of the pen; if the code was"
            " really issued so, add --confirm-code.",
            code=code,
        )
    await Organisation.insert(
        Organisation(code=code, name=name, kind=kind, district=district, code_valid=valid)
    )
    await add_fund(code, GENERAL_FUND, "非限定性资金", restricted=False)
    return True


async def add_fund(
    organisation: str, code: str, name: str, *, restricted: bool, purpose: str | None = None
) -> None:
    """Register a fund of an organisation; the same fund again changes nothing.

    Raises:
        Refused: the code is not of small letters, digits and hyphens.
    """
    if not FUND_CODE.fullmatch(code):
        raise WrongUse(
            "{code!r} is no fund code: write small letters, digits and hyphens, 40 at most.",
            code=code,
        )
    there = await Fund.exists().where((Fund.organisation == organisation) & (Fund.code == code))
    if not there:
        await Fund.insert(
            Fund(
                organisation=organisation,
                code=code,
                name=checked_name(name),
                restricted=restricted,
                purpose=purpose,
            )
        )


async def find_organisation(code: str) -> Organisation:
    """Return the organisation with this code.

    Raises:
        Refused: the code has the wrong shape, or nobody registered it.
    """
    found = await Organisation.objects().where(Organisation.code == parse_code(code)).first()
    if found is None:
        raise WrongUse(
            "No organisation with the code {code} is registered. Register it with:"
            ' charity organisation add {code} "NAME"',
            code=code,
        )
    return found


async def find_fund(organisation: str, code: str) -> Fund:
    """Return a fund of an organisation.

    Raises:
        Refused: there is none; the message lists those that are there.
    """
    funds = await Fund.objects().where(Fund.organisation == organisation).order_by(Fund.code)
    for fund in funds:
        if fund.code == code:
            return fund
    raise WrongUse(
        "{organisation} has no fund {code!r}. It has: {funds}.",
        organisation=organisation,
        code=code,
        funds=", ".join(fund.code for fund in funds),
    )
