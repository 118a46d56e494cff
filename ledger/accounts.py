"""Provides the names of the accounts that postings move money between."""

GENERAL_FUND = "general"
"""The unrestricted fund that every organisation has."""

DONORS = "donors"
"""The account whose balance is kept for all donors together: nobody needs one donor's balance."""

DONOR_PREFIX = "donors/"


def donor_account(reference: str) -> str:
    """Return the account that gifts of this donor reference come out of."""
    return DONOR_PREFIX + reference


def fund_account(organisation: str, fund: str) -> str:
    """Return the account that holds the money of one fund; never below zero."""
    return f"funds/{organisation}/{fund}"


def spending_account(organisation: str, project: str, purpose: str) -> str:
    """Return the account of what a project has spent (program, administration, fundraising)."""
    return f"spent/{organisation}/{project}/{purpose}"


def must_stay_covered(account: str) -> bool:
    """Return whether this account holds money that can run out: a fund or a trust."""
    return account.startswith(("funds/", "trusts/"))
