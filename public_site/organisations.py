"""Provides the pages of organisations: all of them, and one."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter

from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Campaign, Project
from charity.reporting.tables import ImportedList
from ledger.accounts import fund_account, goods_account, spending_account
from ledger.entries import CURRENCY
from ledger.kinds.expenditure import Purpose
from ledger.log import Ledger
from ledger.tables import Balance
from ledger.vault.reading import thanked_names
from public_site.formatting import amount_in
from public_site.languages import language_of
from public_site.movements import latest_movements
from public_site.rendering import SiteRequest, page
from public_site.routing import page_route
from public_site.totals import (
    KIND_LABELS,
    organisation_rows,
    read_months,
    read_other_units,
    read_totals,
    read_trusts,
    received_by_fund,
)
from public_site.translations import translator

LATEST_SHOWN = 12
LISTS_SHOWN = 24
THANKED_SHOWN = 200
QUERY_CHARACTERS_MAX = 60


@page_route("/{language:str}/organisations")
async def organisations(
    request: SiteRequest,
    language: FromPath[str],
    q: Annotated[str, QueryParameter(max_length=QUERY_CHARACTERS_MAX)] = "",
) -> Response[str]:
    """Show the organisations, all or those whose names contain a text."""
    chosen = language_of(language)
    context = {
        "organisations": await organisation_rows(translator(chosen), q.strip()),
        "query": q,
        "total_organisations": await Organisation.count(),
    }
    return await page(request, chosen, "organisations.html", context, section="organisations")


async def find_shown(code: str) -> Organisation:
    """Return an organisation.

    Raises:
        NotFoundException: there is none with this code.
    """
    found = await Organisation.objects().where(Organisation.code == code).first()
    if found is None:
        raise NotFoundException
    return found


def shown_organisation(found: Organisation, language: Any) -> dict[str, object]:
    """Return what pages show of an organisation itself."""
    return {
        "code": found.code,
        "name": found.name,
        "kind_label": KIND_LABELS[found.kind].text(translator(language)),
        "district": found.district or "",
        "code_valid": found.code_valid,
    }


async def _amounts(accounts: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Return owner → unit → amount, the yuan first, from the balances of accounts → owner."""
    found: dict[str, dict[str, int]] = {owner: {CURRENCY: 0} for owner in accounts.values()}
    rows = (
        await Balance.select()
        .where(Balance.account.is_in(list(accounts) or [""]))
        .order_by(Balance.unit)
    )
    for row in rows:
        amounts = found[accounts[row["account"]]]
        amounts[row["unit"]] = amounts.get(row["unit"], 0) + row["amount"]
    return found


def _others(amounts: Mapping[str, int]) -> list[str]:
    """Return the amounts that are not in yuan, each with its unit."""
    return [
        amount_in(amounts[unit], unit) for unit in amounts if unit != CURRENCY and amounts[unit]
    ]


async def _funds(code: str) -> list[dict[str, Any]]:
    """Return the funds of an organisation with their balances in fen and in other units."""
    identifier = organisation_identifier(code)
    funds = await Fund.select().where(Fund.organisation == code).order_by(Fund.id)
    accounts = {
        account(identifier, row["code"]): row["code"]
        for row in funds
        for account in (fund_account, goods_account)
    }
    held = await _amounts(accounts)
    return [
        {
            **row,
            "balance_fen": held[row["code"]][CURRENCY],
            "others": _others(held[row["code"]]),
        }
        for row in funds
    ]


async def _projects(code: str, fund_names: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the projects of an organisation with what each has spent, in fen and other units."""
    identifier = organisation_identifier(code)
    projects = await Project.select().where(Project.organisation == code).order_by(Project.id)
    project_of = {
        spending_account(identifier, row["code"], purpose): row["code"]
        for row in projects
        for purpose in Purpose
    }
    spent = await _amounts(project_of)
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "fund_name": fund_names.get(row["fund"], row["fund"]),
            "spent_fen": spent[row["code"]][CURRENCY],
            "others": _others(spent[row["code"]]),
            "budget_fen": row["budget"],
        }
        for row in projects
    ]


async def _campaigns(code: str, fund_names: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the campaigns of an organisation with what came into their funds, in fen."""
    identifier = organisation_identifier(code)
    rows = await Campaign.select().where(Campaign.organisation == code).order_by(Campaign.starts)
    received = await received_by_fund([fund_account(identifier, row["fund"]) for row in rows])
    return [
        {
            "name": row["name"],
            "filing_number": row["filing_number"],
            "starts": date.fromisoformat(row["starts"]),
            "ends": date.fromisoformat(row["ends"]),
            "fund_name": fund_names.get(row["fund"], row["fund"]),
            "received_fen": received.get(fund_account(identifier, row["fund"]), 0),
            "target_fen": row["target"],
        }
        for row in rows
    ]


async def _lists(code: str) -> list[dict[str, object]]:
    """Return the newest imported lists of an organisation."""
    rows = (
        await ImportedList.select(
            ImportedList.digest,
            ImportedList.rows,
            ImportedList.total,
            ImportedList.recorded_at,
            ImportedList.first_position,
        )
        .where(ImportedList.organisation == code)
        .order_by(ImportedList.id, ascending=False)
        .limit(LISTS_SHOWN)
    )
    return [
        {
            "file_digest": row["digest"],
            "rows": row["rows"],
            "total_fen": row["total"],
            "recorded_at": datetime.fromisoformat(row["recorded_at"]),
            "first_position": row["first_position"],
        }
        for row in rows
    ]


async def _thanks(ledger: Ledger, code: str) -> dict[str, object]:
    """Return the names that an organisation thanks without amounts, and for how many gifts."""
    names, gifts = await thanked_names(ledger.vault, organisation_identifier(code), THANKED_SHOWN)
    return {"names": names, "gifts": gifts}


@page_route("/{language:str}/organisations/{code:str}")
async def organisation(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Show one organisation: what it received, spent and holds, and what it published."""
    chosen = language_of(language)
    found = await find_shown(code)
    ledger, translate = request.app.state.ledger, translator(chosen)
    funds = await _funds(code)
    fund_names = {row["code"]: row["name"] for row in funds}
    context = {
        "organisation": shown_organisation(found, chosen),
        "totals": await read_totals(code),
        "other_units": await read_other_units(translate, code),
        "trusts": await read_trusts(translate, code),
        "funds": funds,
        "projects": await _projects(code, fund_names),
        "campaigns": await _campaigns(code, fund_names),
        "latest": await latest_movements(ledger, translate, LATEST_SHOWN, code),
        "months": await read_months(code),
        "lists": await _lists(code),
        "thanks": await _thanks(ledger, code),
    }
    return await page(request, chosen, "organisation.html", context, section="organisations")
