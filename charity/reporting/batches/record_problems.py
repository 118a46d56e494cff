"""Provides the findings of checking records: problems, what was accepted of them, notices."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from charity.reporting.batches.schemas import Finding, ToldMessage
from charity.reporting.cells import yuan_text
from ledger.entries import CURRENCY, GOODS_PREFIX
from ledger.messages import Message


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """What can be wrong with a record, how to mend it, and the word that accepts it, if one can."""

    message: Message
    mend: Message
    accept: str | None = None


TRANSFER_WORD: Final = "transfer"
"""Accepts that a charity's gift is recorded as money passed on."""

RECORD_PROBLEMS: Final[Mapping[str, RecordProblem]] = MappingProxyType(
    {
        "date_in_future": RecordProblem(
            Message("The date {found} lies in the future."), Message("Correct the date.")
        ),
        "date_too_early": RecordProblem(
            Message("The date {found} lies before 1990."), Message("Correct the date.")
        ),
        "fund_unknown": RecordProblem(
            Message("The organisation has no fund “{fund}”."), Message("It has: {funds}.")
        ),
        "project_unknown": RecordProblem(
            Message("The organisation has no project “{project}”."),
            Message("Choose a registered project; new ones are registered first."),
        ),
        "project_of_other_fund": RecordProblem(
            Message("“{fund}” is a restricted fund, and this project spends another fund’s money."),
            Message(
                "Choose the fund of the project, or accept “fund” if the purpose of the fund covers"
                " this spending."
            ),
            "fund",
        ),
        "text_empty": RecordProblem(
            Message("Nothing can be seen in this text."), Message("Write it in visible characters.")
        ),
        "formula": RecordProblem(
            Message("This text is a formula or begins like one (= + - @)."),
            Message("Write it as plain text."),
        ),
        "number_in_text": RecordProblem(
            Message("A phone, identity or card number may stand in this public text."),
            Message(
                "Take the number out, or accept “number” if it is no person’s, such as a contract"
                " number."
            ),
            "number",
        ),
        "number_in_name": RecordProblem(
            Message("A phone, identity or card number may stand in this name."),
            Message("Write the name alone, or choose that the name is not shown."),
        ),
        "name_missing": RecordProblem(
            Message("Without a name there is nothing to show, and no donor to tell apart."),
            Message("Write the name, or choose that the name is not shown."),
        ),
        "name_masked": RecordProblem(
            Message("This name hides who gave; it cannot be shown as a name."),
            Message("Write the whole name, or choose that the name is not shown."),
        ),
        "consent_missing": RecordProblem(
            Message("A person’s name is shown only with the person’s consent."),
            Message(
                "Write what the consent rests on, such as a clause of the donation form, or choose"
                " that the name is not shown."
            ),
        ),
        "organisation_unsure": RecordProblem(
            Message("It is not certain that this is an organisation’s name."),
            Message(
                "Give its credit code, say that the donor is a person, or accept “organisation”."
            ),
            "organisation",
        ),
        "code_invalid": RecordProblem(
            Message("“{code}” is no unified social credit code."),
            Message("It has 18 characters: digits and capital letters without I, O, S, V and Z."),
        ),
        "code_check": RecordProblem(
            Message("The check character of {code} is wrong."),
            Message("Look for a slip of the pen, or accept “code” if it was really issued so."),
            "code",
        ),
        "code_of_person": RecordProblem(
            Message("A credit code belongs to an organisation, and this donor is a person."),
            Message("Say that the donor is an organisation, or leave the code out."),
        ),
        "gift_to_itself": RecordProblem(
            Message("An organisation cannot give to itself."), Message("Correct the donor.")
        ),
        "gift_of_member": RecordProblem(
            Message("“{name}” keeps its books in this ledger: what it gives is passed on."),
            Message("Report an onward transfer, so that the money leaves its books, too."),
        ),
        "gift_from_charity": RecordProblem(
            Message("“{name}” is a charity: what it passes on is no new giving."),
            Message("Accept “transfer” to record it as passed on by a charity elsewhere."),
            TRANSFER_WORD,
        ),
        "pledge_of_charity": RecordProblem(
            Message("What a charity passes on is not paid against a pledge."),
            Message("Leave the pledge out."),
        ),
        "receipt_of_transfer": RecordProblem(
            Message("Money that a charity passes on gets no receipt: its donors have theirs."),
            Message("Leave the receipt out."),
        ),
        "goods_words": RecordProblem(
            Message(
                "Goods and their measure are written in letters, digits, brackets and . · % + -"
                " without blanks; at most 50 and 20 characters."
            ),
            Message("Shorten it, or write “·” instead of a blank."),
        ),
        "giver_unknown": RecordProblem(
            Message("No organisation {code} is registered in this ledger."),
            Message(
                "Choose one that is; what a charity elsewhere passes on is reported as a gift of"
                " that charity."
            ),
        ),
        "giver_itself": RecordProblem(
            Message("An onward transfer goes from one organisation to another."),
            Message("Choose the organisation that gave the money."),
        ),
        "giver_fund_unknown": RecordProblem(
            Message("The giving organisation has no fund “{fund}”."), Message("It has: {funds}.")
        ),
        "counterparts_differ": RecordProblem(
            Message("Money of two other organisations moves in these records."),
            Message("Report each organisation in a batch of its own: each must agree."),
        ),
        "key_twice": RecordProblem(
            Message("Record {first} has the same key already."),
            Message("Give every record a key of its own."),
        ),
        "key_used": RecordProblem(
            Message("This key was used before, for a record with another content."),
            Message("A key stands for one fact; take another key for another fact."),
        ),
        "fund_short": RecordProblem(
            Message("The fund “{fund}” holds {held}; {amount} are to go out."),
            Message("Correct the amount or the fund, or report first what came in."),
        ),
        "refund_too_much": RecordProblem(
            Message("Of gift #{position} only {left} are left to pay back."),
            Message("Correct the amount."),
        ),
        "refused": RecordProblem(Message("{reason}"), Message("Correct this record.")),
        "old_differs": RecordProblem(
            Message("The entry says “{found}” there."),
            Message("Copy the old words exactly as the entry has them."),
        ),
        "pledge_overpaid": RecordProblem(
            Message("More is paid than was pledged: {paid} of {pledged}."),
            Message("Correct the amount, or accept “overpaid” if the donor really gave more."),
            "overpaid",
        ),
        "gift_repeated": RecordProblem(
            Message("A gift of the same donor, day and amount is in the ledger: #{position}."),
            Message("Take this record out, or accept “repeated” if it is a second gift."),
            "repeated",
        ),
        "amount_unusual": RecordProblem(
            Message("This gift of {amount} yuan is {times} times the usual gift of {usual} yuan."),
            Message(
                "Compare it with the bank's record; correct it, or accept “unusual” if it is right."
            ),
            "unusual",
        ),
        "target_exceeded": RecordProblem(
            Message(
                "This gift of {amount} yuan exceeds all that “{campaign}” asks for: {target} yuan."
            ),
            Message("Check the amount and the fund; accept “target” if they are right."),
            "target",
        ),
        "receipt_valid": RecordProblem(
            Message("A valid donation receipt was issued for entry #{position}."),
            Message("A checker makes the donation receipt void first, with the reason."),
        ),
    }
)

RECORD_NOTICES: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "record_known": Message("This record is in the ledger already: #{position}."),
        "pseudonym_single": Message(
            "Without a phone or identity number each gift of this person gets another pseudonym."
        ),
        "accept_unused": Message("“{word}” accepted nothing."),
    }
)


def record_field(index: int, name: str = "") -> str:
    """Return the path of a record or of one of its fields, from 0: `records.3.donor.name`."""
    return f"records.{index}.{name}" if name else f"records.{index}"


def accepting(found: Finding) -> str | None:
    """Return what accepts this problem of a record alone, such as `records.3.amount.unusual`."""
    return f"{found.field}.{found.accept}" if found.accept is not None else None


def amount_words(amount: int, unit: str) -> Message:
    """Return an amount in minor units in words: 12.50 yuan, 3.00 HKD, 示例口罩 × 300 个."""
    if unit == CURRENCY:
        return Message("{amount} yuan", amount=yuan_text(amount))
    if unit.startswith(GOODS_PREFIX):
        goods, _, measure = unit.removeprefix(GOODS_PREFIX).rpartition("/")
        return Message("{goods} × {amount} {measure}", goods=goods, amount=amount, measure=measure)
    return Message("{amount} {unit}", amount=yuan_text(amount), unit=unit)


class RecordFindings:
    """Collects what the check of records finds, and knows what the reporter has accepted.

    Attributes:
        problems: open problems.
        accepted: problems that are accepted.
        notices: worth saying.
    """

    def __init__(self, accept: Collection[str]) -> None:
        self.problems: list[Finding] = []
        self.accepted: list[Finding] = []
        self.notices: list[Finding] = []
        self._accept = frozenset(accept)
        self._used: set[str] = set()
        self._spoilt: set[int] = set()

    def problem(self, code: str, index: int, name: str, /, **values: object) -> None:
        """Add a problem of a field of a record, unless it is accepted."""
        kind = RECORD_PROBLEMS[code]
        self.add(
            index,
            Finding(
                code,
                ToldMessage.of(Message(kind.message.template, **values)),
                ToldMessage.of(Message(kind.mend.template, **values)),
                field=record_field(index, name),
                accept=kind.accept,
            ),
        )

    def add(self, index: int, found: Finding) -> None:
        """Add a problem of a record in words of its own, unless it is accepted."""
        words = self._accept & {found.accept, accepting(found)} if found.accept else set()
        self._used |= words
        if words:
            self.accepted.append(found)
        else:
            self.problems.append(found)
            self._spoilt.add(index)

    def notice(self, code: str, index: int, name: str, /, **values: object) -> None:
        """Add a notice about a field of a record."""
        told = ToldMessage.of(Message(RECORD_NOTICES[code].template, **values))
        self.notices.append(Finding(code, told, field=record_field(index, name)))

    def whole(self, code: str, /, **values: object) -> None:
        """Add a problem that belongs to no single record."""
        kind = RECORD_PROBLEMS[code]
        told = ToldMessage.of(Message(kind.message.template, **values))
        self.problems.append(Finding(code, told, ToldMessage.of(kind.mend)))

    def is_sound(self, index: int) -> bool:
        """Return whether no open problem of this record was found so far."""
        return index not in self._spoilt

    def close(self) -> None:
        """Say which words accepted nothing; order everything by record."""
        for word in sorted(self._accept - self._used):
            template = RECORD_NOTICES["accept_unused"].template
            told = ToldMessage.of(Message(template, word=word))
            self.notices.append(Finding("accept_unused", told))
        for findings in (self.problems, self.accepted, self.notices):
            findings.sort(key=_index)


def _index(found: Finding) -> int:
    """Return the index of the record that is meant; findings of the whole come last."""
    parts = (found.field or "").split(".")
    return int(parts[1]) if len(parts) > 1 else 2**31
