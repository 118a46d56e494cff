"""Provides the names of the accounts that postings move money and goods between."""

GENERAL_FUND = "general"
"""The unrestricted fund that every organisation has."""

DONORS = "donors"
"""The account whose balance is kept for all donors together: nobody needs one donor's balance."""

DONOR_PREFIX = "donors/"
COVERED = ("funds/", "goods/", "trusts/")

ALL = ""
"""The scope of all giving to organisations, and the month that stands for all of them."""

TRUSTS = "trusts"
"""The scope of all charitable trusts, apart from giving to organisations."""


def donor_account(reference: str) -> str:
    """Return the account that gifts of this donor reference come out of."""
    return DONOR_PREFIX + reference


def fund_account(organisation: str, fund: str) -> str:
    """Return the account that holds the money of one fund; never below zero."""
    return f"funds/{organisation}/{fund}"


def goods_account(organisation: str, fund: str) -> str:
    """Return the account that holds the goods given to one fund; never below zero."""
    return f"goods/{organisation}/{fund}"


def trust_account(organisation: str, filing_number: str) -> str:
    """Return the account that holds the property of one charitable trust; never below zero.

    It bears its trustee's identifier, so that no other organisation can spend from it: a trustee
    keeps each trust's property apart (《慈善法》(2023) ch. 5).
    """
    return f"trusts/{organisation}/{filing_number}"


def spending_account(organisation: str, project: str, purpose: str) -> str:
    """Return the account of what a project has spent (program, administration, fundraising)."""
    return f"spent/{organisation}/{project}/{purpose}"


def must_stay_covered(account: str) -> bool:
    """Return whether this account holds what can run out: money or goods of a fund, a trust."""
    return account.startswith(COVERED)


def scopes_of(account: str) -> tuple[str, ...]:
    """Return the scopes whose totals count what moves in this account.

    Of a fund: everything, its organisation, the account itself. Of a trust: all trusts, the account
    itself. Nothing of other accounts.
    """
    match account.split("/"):
        case ["funds" | "goods", organisation, _]:
            return ALL, organisation, account
        case ["trusts", _, _]:
            return TRUSTS, account
        case _:
            return ()
