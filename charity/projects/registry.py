"""Provides the register of projects, which spend a fund's money, and campaigns, which raise it."""

from datetime import date
from typing import Any, Final

from charity.organisations.registry import FUND_CODE, checked_name, find_fund
from charity.projects.tables import Campaign, Project
from charity.reporting.dates import EARLIEST
from ledger.messages import Refused, WrongUse

LAST_YEAR: Final = 2100
"""No campaign is planned beyond; a later year is a slip of the pen."""
FILING_NUMBER_CHARACTERS_MAX: Final = 40


async def add_project(
    organisation: str, code: str, name: str, fund: str, budget: int | None = None
) -> bool:
    """Register a project of an organisation; return False if the same was there already.

    Args:
        organisation: its unified social credit code; it is registered.
        code: the project's code within the organisation, like that of a fund.
        name: as the public reads it.
        fund: code of the fund whose money it spends.
        budget: in fen, if one is known.

    Raises:
        Refused: the name is empty or too long, or the code is another project's.
        WrongUse: the code has the wrong shape, or there is no such fund.
    """
    if not FUND_CODE.fullmatch(code):
        raise WrongUse(
            "{code!r} is no project code: write small letters, digits and hyphens, 40 at most.",
            code=code,
        )
    name = checked_name(name)
    found = await find_fund(organisation, fund)
    there = await Project.objects().get(
        (Project.organisation == organisation) & (Project.code == code)
    )
    if there is None:
        await Project.insert(
            Project(organisation=organisation, code=code, name=name, fund=found.code, budget=budget)
        )
        return True
    if (there.name, there.fund, there.budget) != (name, found.code, budget):
        raise Refused("{code} is registered already, as {name}.", code=code, name=there.name)
    return False


async def add_campaign(
    organisation: str,
    name: str,
    fund: str,
    days: tuple[date, date],
    target: int | None = None,
    filing_number: str | None = None,
) -> bool:
    """Register a campaign of an organisation; return False if the same was there already.

    Args:
        organisation: its unified social credit code; it is registered.
        name: as the public reads it; it tells the organisation's campaigns apart.
        fund: code of the fund that the gifts go into.
        days: the first and the last day.
        target: what it asks for in all, in fen, if that is published.
        filing_number: under which the civil affairs authority has it, if it has one.

    Raises:
        Refused: the name is empty or too long, or another campaign has it.
        WrongUse: there is no such fund, or the days or the filing number cannot be.
    """
    name, (first, last) = checked_name(name), days
    if not EARLIEST <= first <= last or last.year > LAST_YEAR:
        raise WrongUse(
            "A campaign cannot last from {first} until {last}: it begins in 1990 or later, ends in"
            " 2100 or before, and does not end before it begins.",
            first=first.isoformat(),
            last=last.isoformat(),
        )
    facts: dict[str, Any] = {
        "fund": (await find_fund(organisation, fund)).code,
        "starts": first.isoformat(),
        "ends": last.isoformat(),
        "target": target,
        "filing_number": None if filing_number is None else _filing_number(filing_number),
    }
    there = (
        await Campaign.select()
        .where((Campaign.organisation == organisation) & (Campaign.name == name))
        .first()
    )
    if there is None:
        await Campaign.insert(Campaign(organisation=organisation, name=name, **facts))
        return True
    if any(there[column] != value for column, value in facts.items()):
        raise Refused("A campaign “{name}” with other facts is registered already.", name=name)
    return False


def _filing_number(text: str) -> str:
    """Return a filing number without blanks around it.

    Raises:
        WrongUse: it is empty, too long, or cannot be printed.
    """
    text = text.strip()
    if not (text.isprintable() and 1 <= len(text) <= FILING_NUMBER_CHARACTERS_MAX):
        raise WrongUse(
            "A filing number has 1 to {most} characters.", most=FILING_NUMBER_CHARACTERS_MAX
        )
    return text


async def campaigns_of(organisation: str) -> list[dict[str, Any]]:
    """Return the campaigns of an organisation as rows of the table, the earliest first."""
    return (
        await Campaign.select()
        .where(Campaign.organisation == organisation)
        .order_by(Campaign.starts)
        .order_by(Campaign.name)
    )
