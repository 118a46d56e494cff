"""Provides the first page of the workplace: what is due, what waits, what the funds hold."""

from datetime import date, datetime
from typing import Any, Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from charity.duties.due import CampaignDays, Deadline, Standing, deadlines
from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import organisation_identifier
from charity.people.roles import Permission
from charity.people.tables import Membership
from charity.projects.tables import Campaign
from charity.reporting.batches.reading import (
    BatchView,
    batches_awaiting_agreement,
    batches_of,
)
from charity.reporting.batches.states import CHANGEABLE, WAITING_FOR_JOB, BatchState
from ledger.accounts import GENERAL_FUND, fund_account
from ledger.entries import CURRENCY
from ledger.kinds import parse_entry
from ledger.messages import Message
from ledger.reading import read_entry
from ledger.summaries import ALL
from ledger.tables import MovementRow, RunningTotal
from public_site.formatting import SHENZHEN
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.settings import Language
from public_site.translations import translator
from public_site.workplace.batch import shown_batch
from public_site.workplace.routing import workplace, workplace_page
from public_site.workplace.visiting import actor_of_request, now

LAST_REPORTS: Final = 8
WAITING_LISTED: Final = 50
RECORDS: Final = (
    ("gift", Message("Record a gift")),
    ("goods_gift", Message("Record goods")),
    ("spending", Message("Record a spending")),
    ("transfer", Message("Record an onward transfer")),
    ("refund", Message("Record a refund")),
    ("correction", Message("Correct an entry")),
)
"""The forms for single facts: kind of record, and what the button says."""

AMOUNTS: Final = ("received", "spent", "refunded", "passed_on")


async def _organisation(code: str) -> Organisation:
    found = await Organisation.objects().where(Organisation.code == code).first()
    if found is None:
        raise NotFoundException
    return found


async def _deadlines(organisation: Organisation, today: date) -> list[Deadline]:
    rows = await Campaign.select().where(Campaign.organisation == organisation.code)
    campaigns = [
        CampaignDays(
            row["name"], date.fromisoformat(row["starts"]), date.fromisoformat(row["ends"])
        )
        for row in rows
    ]
    found = deadlines(organisation.kind, campaigns, today)
    if all(deadline.standing is not Standing.PASSED for deadline in found):
        return found
    begun = await first_day_here(organisation.code)
    return [
        deadline
        for deadline in found
        if deadline.standing is not Standing.PASSED or (begun is not None and deadline.day >= begun)
    ]


async def first_day_here(code: str) -> date | None:
    """Return the day in Shenzhen from which on an organisation is known to have reported here.

    That is when its first person got a role or its first entry was recorded, whatever was earlier;
    None before either. What was due before that day was nothing that it could have done here.
    """
    role = (
        await Membership.select(Membership.granted_at)
        .where(Membership.organisation == code)
        .order_by(Membership.granted_at)
        .first()
    )
    moments = [role["granted_at"]] if role is not None else []
    positions = [
        row["position"]
        for fund in await Fund.select(Fund.code).where(Fund.organisation == code)
        if (row := await _first_entry(organisation_identifier(code), fund["code"])) is not None
    ]
    if positions:
        moments.append(parse_entry(await read_entry(min(positions))).recorded_at)
    days = [datetime.fromisoformat(moment).astimezone(SHENZHEN).date() for moment in moments]
    return min(days, default=None)


async def _first_entry(identifier: str, fund: str) -> dict[str, Any] | None:
    """Return the first entry of a fund, found along the index of movements by fund."""
    return (
        await MovementRow.select(MovementRow.position)
        .where((MovementRow.organisation == identifier) & (MovementRow.fund == fund))
        .order_by(MovementRow.position)
        .first()
    )


def shown_deadline(deadline: Deadline, language: Language) -> dict[str, object]:
    """Return what the page shows of a deadline, in its language."""
    duty = deadline.duty
    return {
        "text": duty.zh if language == "zh" else duty.en,
        "article": duty.article_zh if language == "zh" else duty.article_en,
        "source": duty.source,
        "verified": duty.status == "official",
        "campaign": deadline.campaign,
        "day": deadline.day,
        "days": abs(deadline.days),
        "standing": deadline.standing.value,
    }


async def fund_balances(code: str) -> list[dict[str, Any]]:
    """Return each fund of an organisation with what it received, spent and holds, in fen.

    Amounts in other currencies and goods stand on the organisation's public page.
    """
    identifier = organisation_identifier(code)
    funds = await Fund.select().where(Fund.organisation == code).order_by(Fund.id)
    accounts = {fund_account(identifier, fund["code"]): fund for fund in funds}
    rows = await RunningTotal.select().where(
        RunningTotal.scope.is_in(list(accounts) or ["-"])
        & (RunningTotal.month == ALL)
        & (RunningTotal.unit == CURRENCY)
    )
    totals = {row["scope"]: {name: int(row[name]) for name in AMOUNTS} for row in rows}
    nothing = dict.fromkeys(AMOUNTS, 0)
    shown = [
        {"code": fund["code"], "name": fund["name"], **totals.get(account, nothing)}
        for account, fund in accounts.items()
    ]
    for fund in shown:
        gone = fund["spent"] + fund["refunded"] + fund["passed_on"]
        fund["held"] = fund["received"] - gone
        fund["given_back"] = fund["refunded"] + fund["passed_on"]
    return sorted(shown, key=lambda fund: fund["code"] != GENERAL_FUND)


def sorted_out(
    views: list[BatchView], person: str, *, may_decide: bool
) -> dict[str, list[BatchView]]:
    """Return open batches by what they wait for: me to approve, me or us to mend, others.

    Attributes of a batch decide, not the page: what I had a hand in never waits for my approval.
    """
    sorted_views: dict[str, list[BatchView]] = {
        "to_approve": [], "to_mend": [], "drafts": [], "submitted": [],
    }  # fmt: skip
    for view in views:
        if view.state is BatchState.SUBMITTED:
            is_mine_to_approve = (
                may_decide and view.decided_at is None and not view.has_hand_of(person)
            )
            sorted_views["to_approve" if is_mine_to_approve else "submitted"].append(view)
        elif view.state in {BatchState.PROBLEMS, BatchState.FAILED, BatchState.REJECTED}:
            if view.may_change:  # of a rejected batch that nobody mended only the line is left
                sorted_views["to_mend"].append(view)
        elif view.state is BatchState.APPROVED:
            sorted_views["submitted"].append(view)
        else:
            sorted_views["drafts"].append(view)
    return sorted_views


@workplace_page("/{language:str}/workplace/{code:str}", permission=Permission.SEE_REPORTS)
async def overview(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Show what is due, what waits for the people of an organisation, and what its funds hold."""
    chosen = language_of(language)
    organisation = await _organisation(code)
    actor, store = actor_of_request(request), request.app.state.batches
    today = now().astimezone(SHENZHEN).date()
    waiting = await batches_of(
        store, code, CHANGEABLE | WAITING_FOR_JOB | {BatchState.SUBMITTED}, WAITING_LISTED
    )
    may_decide = actor.may(Permission.DECIDE, code)
    sorted_views = sorted_out(waiting, actor.person, may_decide=may_decide)
    asked = await batches_awaiting_agreement(store, code)
    ended = await batches_of(store, code, {BatchState.APPENDED, BatchState.REJECTED}, LAST_REPORTS)
    due = [shown_deadline(one, chosen) for one in await _deadlines(organisation, today)]
    context = {
        "organisation": {"name": organisation.name, "code": code},
        "due": [one for one in due if one["standing"] != Standing.LATER.value],
        "later": [one for one in due if one["standing"] == Standing.LATER.value],
        **{
            name: [shown_batch(view, chosen) for view in views]
            for name, views in sorted_views.items()
        },
        "asked": [shown_batch(view, chosen) for view in asked],
        "ended": [
            shown_batch(view, chosen)
            | {
                "ended_at": datetime.fromisoformat(
                    view.appended_at or view.decided_at or view.made_at
                )
            }
            for view in ended
            if not view.may_change  # what can be mended stands among what waits
        ],
        "funds": await fund_balances(code),
        "may_report": actor.may(Permission.REPORT, code),
        "may_decide": may_decide,
        "today": today,
        "record_kinds": [(kind, label.text(translator(chosen))) for kind, label in RECORDS],
    }
    return await workplace(
        request, language, "workplace/overview.html", context, section="overview"
    )


ROUTES = (overview,)
