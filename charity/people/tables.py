"""Provides the tables of people: roles, invitations, sessions, attempts to sign in, acts."""

from piccolo.columns import BigInt, Bytea, Integer, Serial, Text, Varchar
from piccolo.table import Table


class Person(Table, tablename="people_person"):
    """A person who signs in; `state` is active or disabled, times are UTC.

    `password` is an argon2id hash; `second_factor` the TOTP secret, sealed; `second_factor_step`
    the last time step that was used, so that no code is taken twice.
    """

    id = Varchar(length=32, primary_key=True, default=None)
    email = Varchar(length=254, default=None, unique=True)
    name = Text(default=None)
    language = Varchar(length=2, default=None)
    password = Text(default=None)
    second_factor = Bytea(default=None, null=True)
    second_factor_step = BigInt(default=None, null=True)
    state = Varchar(length=20, default=None)
    made_at = Varchar(length=30, default=None)


class Membership(Table, tablename="people_membership"):
    """A role of a person, for one organisation or (None) for the whole platform."""

    id: Serial
    person = Varchar(length=32, default=None)
    role = Varchar(length=20, default=None)
    organisation = Varchar(length=18, default=None, null=True)
    granted_by = Varchar(length=32, default=None, null=True)
    granted_at = Varchar(length=30, default=None)
    ended_by = Varchar(length=32, default=None, null=True)
    ended_at = Varchar(length=30, default=None, null=True)


class Invitation(Table, tablename="people_invitation"):
    """An invitation by e-mail; only the hash of its token is kept."""

    token_hash = Varchar(length=64, primary_key=True, default=None)
    email = Varchar(length=254, default=None)
    name = Text(default=None)
    language = Varchar(length=2, default=None)
    role = Varchar(length=20, default=None)
    organisation = Varchar(length=18, default=None, null=True)
    invited_by = Varchar(length=32, default=None, null=True)
    made_at = Varchar(length=30, default=None)
    expires_at = Varchar(length=30, default=None)
    used_at = Varchar(length=30, default=None, null=True)
    withdrawn_at = Varchar(length=30, default=None, null=True)


class RecoveryCode(Table, tablename="people_recovery_code"):
    """A code that stands in for a lost second factor, once; only its hash is kept."""

    code_hash = Varchar(length=64, primary_key=True, default=None)
    person = Varchar(length=32, default=None)
    used_at = Varchar(length=30, default=None, null=True)


class Session(Table, tablename="people_session"):
    """A signed-in browser; only the hash of its token is kept."""

    token_hash = Varchar(length=64, primary_key=True, default=None)
    person = Varchar(length=32, default=None)
    made_at = Varchar(length=30, default=None)
    seen_at = Varchar(length=30, default=None)
    expires_at = Varchar(length=30, default=None)
    second_factor_at = Varchar(length=30, default=None, null=True)
    browser = Text(default=None)
    revoked_at = Varchar(length=30, default=None, null=True)


class FailedSignIn(Table, tablename="people_failed_sign_in"):
    """How often signing in failed lately, by a keyed hash of the e-mail or the network address."""

    key = Varchar(length=64, primary_key=True, default=None)
    failures = Integer(default=None)
    last_at = Varchar(length=30, default=None)
    blocked_until = Varchar(length=30, default=None, null=True)


class Act(Table, tablename="people_act"):
    """The access log: who did what to what, when, from where; kept for five years."""

    id: Serial
    at = Varchar(length=30, default=None)
    person = Varchar(length=32, default=None, null=True)
    act = Varchar(length=60, default=None)
    organisation = Varchar(length=18, default=None, null=True)
    subject = Text(default=None, null=True)
    outcome = Varchar(length=20, default=None)
    address = Varchar(length=45, default=None, null=True)


class ApiToken(Table, tablename="people_api_token"):
    """A token by which a program reports for one organisation; only its hash is kept.

    `scopes` are separated by blanks; the person who made it is the maker of what it reports.
    """

    id = Varchar(length=32, primary_key=True, default=None)
    token_hash = Varchar(length=64, default=None, unique=True)
    person = Varchar(length=32, default=None)
    organisation = Varchar(length=18, default=None)
    name = Text(default=None)
    scopes = Text(default=None)
    made_at = Varchar(length=30, default=None)
    expires_at = Varchar(length=30, default=None)
    used_at = Varchar(length=30, default=None, null=True)
    revoked_at = Varchar(length=30, default=None, null=True)


TABLES = (Person, Membership, Invitation, RecoveryCode, Session, FailedSignIn, Act, ApiToken)
