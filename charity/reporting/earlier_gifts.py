"""Provides what the ledger knows of earlier gifts: the usual one, what a campaign received."""

from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Campaign
from charity.reporting.unusual import EARLIER_ENTRIES, CampaignTarget, UsualGift, usual_among
from ledger.accounts import fund_account
from ledger.entries import CURRENCY
from ledger.kinds.donation import DONATION
from ledger.tables import MovementRow, RunningTotal


async def usual_gift(organisation: str, fund: str) -> UsualGift | None:
    """Return what was usual among the newest gifts into a fund; None if they are too few to tell.

    Args:
        organisation: credit code of the organisation.
        fund: code of the fund.
    """
    # The newest entries of any kind: how far back gifts lie is not bounded.
    rows = (
        await MovementRow.select(MovementRow.kind, MovementRow.unit, MovementRow.amount)
        .where(
            (MovementRow.organisation == organisation_identifier(organisation))
            & (MovementRow.fund == fund)
        )
        .order_by(MovementRow.position, ascending=False)
        .limit(EARLIER_ENTRIES)
    )
    gifts = (row for row in rows if row["kind"] == DONATION.name and row["unit"] == CURRENCY)
    return usual_among([row["amount"] for row in gifts])


async def campaign_targets(organisation: str, fund: str) -> list[CampaignTarget]:
    """Return the campaigns for a fund that have a target, with what came in so far.

    That is everything that came into the fund in the months of the campaign.

    Args:
        organisation: credit code of the organisation.
        fund: code of the fund.
    """
    campaigns = await Campaign.select().where(
        (Campaign.organisation == organisation)
        & (Campaign.fund == fund)
        & Campaign.target.is_not_null()
    )
    if not campaigns:
        return []
    account = fund_account(organisation_identifier(organisation), fund)
    months = await RunningTotal.select(RunningTotal.month, RunningTotal.received).where(
        (RunningTotal.scope == account)
        & (RunningTotal.unit == CURRENCY)
        & (RunningTotal.month != "")
    )
    return [
        CampaignTarget(
            name=campaign["name"],
            first=campaign["starts"],
            last=campaign["ends"],
            target_fen=campaign["target"],
            received_fen=sum(
                row["received"]
                for row in months
                if campaign["starts"][:7] <= row["month"] <= campaign["ends"][:7]
            ),
        )
        for campaign in campaigns
    ]
