"""Provides the roles of people, what each role may do, and the person who acts at the moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ledger.messages import Message


class Role(StrEnum):
    """What a person is for an organisation, or for the whole platform.

    A maker reports, a checker approves what another has reported (the rule of four eyes). A bureau
    officer supervises and invites; a judge sits on a panel; an auditor reads all, writes nothing.
    """

    BUREAU_OFFICER = "bureau_officer"
    MAKER = "maker"
    CHECKER = "checker"
    JUDGE = "judge"
    AUDITOR = "auditor"


ORGANISATION_ROLES: Final = frozenset({Role.MAKER, Role.CHECKER})
"""Held for one organisation; the other roles are held for the whole platform."""

SECOND_FACTOR_ROLES: Final = frozenset(
    {Role.BUREAU_OFFICER, Role.CHECKER, Role.JUDGE, Role.AUDITOR}
)
"""Whoever holds one of these signs in with a second factor, too (TOTP, RFC 6238)."""

ROLE_NAMES: Final[Mapping[Role, Message]] = MappingProxyType(
    {
        Role.BUREAU_OFFICER: Message("bureau officer"),
        Role.MAKER: Message("maker"),
        Role.CHECKER: Message("checker"),
        Role.JUDGE: Message("judge"),
        Role.AUDITOR: Message("auditor"),
    }
)
"""What people call the roles."""


class Permission(StrEnum):
    """What a route of the workplace needs; PUBLIC and SIGN_IN need nobody signed in."""

    PUBLIC = "public"
    SIGN_IN = "sign_in"
    OWN_ACCOUNT = "own_account"
    SEE_REPORTS = "see_reports"
    REPORT = "report"
    DECIDE = "decide"
    ISSUE_RECEIPTS = "issue_receipts"
    VOID_RECEIPTS = "void_receipts"
    SEE_DONORS = "see_donors"
    DECIDE_DONORS = "decide_donors"
    DECIDE_ALL_DONORS = "decide_all_donors"
    MANAGE_TOKENS = "manage_tokens"
    MANAGE_PEOPLE = "manage_people"
    READ_ACCESS_LOG = "read_access_log"


ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.BUREAU_OFFICER: frozenset(
            {Permission.MANAGE_PEOPLE, Permission.READ_ACCESS_LOG, Permission.DECIDE_ALL_DONORS}
        ),
        Role.MAKER: frozenset(
            {
                Permission.SEE_REPORTS,
                Permission.REPORT,
                Permission.ISSUE_RECEIPTS,
                Permission.SEE_DONORS,
                Permission.MANAGE_TOKENS,
            }
        ),
        Role.CHECKER: frozenset(
            {
                Permission.SEE_REPORTS,
                Permission.DECIDE,
                Permission.ISSUE_RECEIPTS,
                Permission.VOID_RECEIPTS,
                Permission.SEE_DONORS,
                Permission.DECIDE_DONORS,
            }
        ),
        Role.JUDGE: frozenset(),
        Role.AUDITOR: frozenset(
            {Permission.SEE_REPORTS, Permission.SEE_DONORS, Permission.READ_ACCESS_LOG}
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One role of a person; `organisation` is a credit code, None for the whole platform."""

    role: Role
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who acts, signed in or through a token, with the roles in force.

    Attributes:
        person: the person's id.
        name: as colleagues know the person.
        standings: the roles in force.
        proved_second_factor: whether a second factor was proved in this session.
        session: hash of the session's token; None for a program that acts by an API token.
        has_second_factor: whether the person has set one up.
    """

    person: str
    name: str
    standings: frozenset[Standing]
    proved_second_factor: bool = False
    session: str | None = None
    has_second_factor: bool = False

    @property
    def needs_second_factor(self) -> bool:
        """Whether a second factor is asked for: a role demands it, or the person has one."""
        return self.has_second_factor or any(
            standing.role in SECOND_FACTOR_ROLES for standing in self.standings
        )

    def may(self, permission: Permission, organisation: str | None = None) -> bool:
        """Return whether one of the roles allows this, for the organisation if one is named."""
        if permission in {Permission.PUBLIC, Permission.SIGN_IN, Permission.OWN_ACCOUNT}:
            return True
        return any(
            permission in ALLOWED[standing.role]
            and (organisation is None or standing.organisation in {None, organisation})
            for standing in self.standings
        )

    def organisations(self) -> frozenset[str]:
        """Return the codes of the organisations that the person acts for."""
        return frozenset(
            standing.organisation
            for standing in self.standings
            if standing.organisation is not None
        )
