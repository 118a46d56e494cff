"""Provides the words of the forms of records: titles, choices, currencies, purposes, reasons."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from charity.donors.enrolment import Choice
from ledger.messages import Message
from public_site.movements import REFUND_REASONS
from public_site.trace_lines import PURPOSE_LABELS

TITLES: Final[Mapping[str, tuple[Message, Message]]] = MappingProxyType(
    {
        "gift": (
            Message("Record a gift"),
            Message("Money that arrived from a donor."),
        ),
        "goods_gift": (
            Message("Record goods"),
            Message("Goods that arrived from a donor, counted in whole pieces."),
        ),
        "spending": (
            Message("Record a spending"),
            Message("Money that went out for a project."),
        ),
        "goods_distribution": (
            Message("Record goods handed out"),
            Message("Goods in stock that a project handed out."),
        ),
        "transfer": (
            Message("Record an onward transfer"),
            Message(
                "Money that another organisation of this ledger passed on to yours. It leaves that"
                " organisation’s fund, so a checker there must agree, too."
            ),
        ),
        "refund": (
            Message("Record a refund"),
            Message("A gift, or a part of it, that was paid back to its donor."),
        ),
        "reversal": (
            Message("Reverse an entry"),
            Message(
                "An entry that should not be there is undone by a second one. Both stay visible;"
                " what is right is entered anew."
            ),
        ),
        "correction": (
            Message("Correct an entry"),
            Message(
                "Wrong words are corrected by a public note. A wrong amount is not: reverse the"
                " entry, and enter it anew."
            ),
        ),
        "pledge": (
            Message("Record a pledge"),
            Message("A promise to give. It counts as a gift only when it is paid."),
        ),
    }
)

CHOICES: Final = (
    (
        Choice.NOT_SHOWN.value,
        Message("Do not show the name"),
        Message("The public sees a well-wisher. Several gifts cannot be linked."),
    ),
    (
        Choice.WITH_AMOUNT.value,
        Message("Show the name beside the amount"),
        Message("The public sees who gave how much. A person must have agreed to it."),
    ),
    (
        Choice.WITHOUT_AMOUNT.value,
        Message("Thank by name, without the amount"),
        Message(
            "The name stands only in the list of thanks, the gift looks anonymous. A person must"
            " have agreed to it."
        ),
    ),
    (
        Choice.PSEUDONYM.value,
        Message("Under a pseudonym"),
        Message("No name, but the public sees that several gifts are from one donor."),
    ),
)
"""Value, label and explanation of what a donor may choose for a gift."""

CURRENCIES: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "CNY": Message("Yuan (CNY)"),
        "HKD": Message("Hong Kong dollars (HKD)"),
        "MOP": Message("Macao patacas (MOP)"),
        "USD": Message("US dollars (USD)"),
    }
)
PURPOSES: Final = PURPOSE_LABELS
REASONS: Final = REFUND_REASONS

IN_FORM: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "gift_from_charity": Message("Record it as passed on by that charity."),
        "gift_repeated": Message("It is a second gift."),
        "pledge_overpaid": Message("The donor really gave more than was pledged."),
        "number_in_text": Message("The number is no person’s."),
        "organisation_unsure": Message("It is an organisation."),
        "code_check": Message("The code was really issued so."),
        "project_of_other_fund": Message("The purpose of the fund covers this spending."),
    }
)
"""Code of a suspicion → what a person says by accepting it in a form."""

IT_IS_RIGHT: Final = Message("It is right so.")
