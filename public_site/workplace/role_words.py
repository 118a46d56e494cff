"""Provides the words that say what a role is for, to whoever gets it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from charity.people.roles import Role
from ledger.messages import Message

ROLE_TEXTS: Final[Mapping[Role, Message]] = MappingProxyType(
    {
        Role.MAKER: Message(
            "As a maker you report what was received and spent. Somebody else approves it before"
            " it enters the ledger."
        ),
        Role.CHECKER: Message(
            "As a checker you approve what others have reported, or send it back with a reason."
        ),
        Role.BUREAU_OFFICER: Message(
            "As a bureau officer you invite people, end their roles, and read the access log."
        ),
        Role.JUDGE: Message("As a judge you will score projects when the award opens."),
        Role.AUDITOR: Message("As an auditor you read everything and change nothing."),
    }
)
