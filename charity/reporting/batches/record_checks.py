"""Provides the checks of records one by one: what their form alone, and the register, can tell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from pydantic import BaseModel

from charity.donors.enrolment import Choice
from charity.donors.names import holds_personal_number, is_charity, is_masked, is_organisation
from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import SHAPE, has_valid_check_characters
from charity.projects.tables import Project
from charity.reporting.batches.record_donors import SHOWING, is_named
from charity.reporting.batches.record_entries import donor_record
from charity.reporting.batches.record_problems import RecordFindings
from charity.reporting.batches.records import (
    CorrectionRecord,
    DonorRecord,
    GiftRecord,
    GoodsDistributionRecord,
    GoodsGiftRecord,
    Record,
    RecordsContent,
    ReversalRecord,
    SpendingRecord,
    TransferRecord,
)
from charity.reporting.careful_rows import FORMULA_SIGNS
from charity.reporting.cells import Unreadable, clean_text
from charity.reporting.dates import check_day
from ledger.entries import ORGANISATION_PREFIX

GOODS_WORDS: Final = re.compile(r"[\w()（）.·%+-]{1,50}")
MEASURE_WORDS: Final = re.compile(r"[\w()（）.·%+-]{1,20}")
DAY: Final = re.compile(r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d)")
"""A day is no person's number, though its digits are as many."""

MINUS_AMOUNT: Final = re.compile(r"[-+]?[0-9][0-9,.]*")
PUBLIC_TEXTS: Final = ("description", "reason", "field", "old", "new", "by")
VALUES: Final = frozenset({"old", "new"})
"""Texts that may be a bare amount with its sign, which is no formula."""

Part = TypeVar("Part", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Register:
    """What is registered that records of an organisation may name.

    Attributes:
        organisation: its code.
        funds: code of an organisation → its funds by their codes.
        projects: its projects by their codes.
        names: code → name of all organisations.
        others: names of all other organisations.
    """

    organisation: str
    funds: Mapping[str, Mapping[str, Fund]]
    projects: Mapping[str, Project]
    names: Mapping[str, str]
    others: frozenset[str]

    @classmethod
    async def of(cls, organisation: str, records: Sequence[Record]) -> "Register":
        """Read what records of an organisation (its code) may name."""
        codes = {organisation} | {
            plain_code(record.giver) for record in records if isinstance(record, TransferRecord)
        }
        funds: dict[str, dict[str, Fund]] = {}
        for fund in await Fund.objects().where(Fund.organisation.is_in(sorted(codes))):
            funds.setdefault(fund.organisation, {})[fund.code] = fund
        projects = await Project.objects().where(Project.organisation == organisation)
        rows = await Organisation.select(Organisation.code, Organisation.name)
        return cls(
            organisation,
            funds,
            {project.code: project for project in projects},
            {row["code"]: row["name"] for row in rows},
            frozenset(row["name"] for row in rows if row["code"] != organisation),
        )

    def fund_name(self, organisation: str, code: str) -> str:
        """Return the name of a fund of an organisation; its code where there is none."""
        fund = self.funds.get(organisation, {}).get(code)
        return fund.name if fund is not None else code


def plain_code(text: str) -> str:
    """Return a credit code without its prefix, whatever its form."""
    return text.strip().upper().removeprefix(ORGANISATION_PREFIX)


def cleaned(content: RecordsContent) -> RecordsContent:
    """Return records without characters that nobody sees, such as marks of direction."""
    return content.model_copy(update={"records": tuple(map(_cleaned, content.records))})


def _cleaned(part: Part) -> Part:
    changes: dict[str, object] = {}
    for name, value in part:
        if isinstance(value, str) and type(value) is str and name not in {"kind", "key"}:
            text = clean_text(value)
            if text != value:
                changes[name] = text
        elif isinstance(value, DonorRecord):
            changes[name] = _cleaned(value)
        elif isinstance(value, tuple):
            changes[name] = tuple(filter(None, map(clean_text, value)))
    return part.model_copy(update=changes) if changes else part


def check_forms(
    content: RecordsContent, register: Register, today: date, findings: RecordFindings
) -> None:
    """Check each record of cleaned content by itself; findings take what is wrong with each."""
    keys: dict[str, int] = {}
    for index, record in enumerate(content.records):
        _check_day(index, record, today, findings)
        _check_places(index, record, register, findings)
        _check_texts(index, record, findings)
        donor = donor_record(record)
        if donor is not None:
            _check_donor(index, donor, register, findings)
            _check_charity(index, record, donor, register, findings)
        if record.key is not None and keys.setdefault(record.key, index) != index:
            findings.problem("key_twice", index, "key", first=keys[record.key] + 1)


def _check_day(index: int, record: Record, today: date, findings: RecordFindings) -> None:
    try:
        check_day(record.day, today)
    except Unreadable as unreadable:
        findings.problem(unreadable.code, index, "day", found=unreadable.found)


def _check_places(index: int, record: Record, register: Register, findings: RecordFindings) -> None:
    """Check fund, project, and the fund of the organisation that passes money on."""
    fund_code: str | None = getattr(record, "fund", None)
    own = register.funds.get(register.organisation, {})
    if fund_code is not None and fund_code not in own:
        findings.problem("fund_unknown", index, "fund", fund=fund_code, funds=", ".join(own))
    if isinstance(record, SpendingRecord | GoodsDistributionRecord):
        _check_project(index, record.project, own.get(record.fund), register, findings)
    if isinstance(record, TransferRecord):
        _check_giver(index, record, register, findings)


def _check_project(
    index: int, code: str, fund: Fund | None, register: Register, findings: RecordFindings
) -> None:
    project = register.projects.get(code)
    if project is None:
        findings.problem("project_unknown", index, "project", project=code)
    elif fund is not None and fund.restricted and project.fund != fund.code:
        # 《慈善法》(2023) art. 54: money is used as the gift's purpose says.
        findings.problem("project_of_other_fund", index, "project", fund=fund.name)


def _check_giver(
    index: int, record: TransferRecord, register: Register, findings: RecordFindings
) -> None:
    code = plain_code(record.giver)
    if code == register.organisation:
        findings.problem("giver_itself", index, "giver")
    elif code not in register.names:
        findings.problem("giver_unknown", index, "giver", code=code)
    elif record.giver_fund not in (funds := register.funds.get(code, {})):
        findings.problem(
            "giver_fund_unknown",
            index,
            "giver_fund",
            fund=record.giver_fund,
            funds=", ".join(sorted(funds)),
        )


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the public texts of a record, with the names of their fields."""
    for name in PUBLIC_TEXTS:
        text = getattr(record, name, None)
        if text is not None:
            yield name, str(text)


def _check_texts(index: int, record: Record, findings: RecordFindings) -> None:
    for name, text in _texts(record):
        # The ground of a refund is one of four words, not a text.
        if name == "reason" and not isinstance(record, ReversalRecord | CorrectionRecord):
            continue
        _check_text(index, name, text, findings)
    if isinstance(record, GoodsGiftRecord | GoodsDistributionRecord):
        for name, words, text in (
            ("goods", GOODS_WORDS, record.goods),
            ("measure", MEASURE_WORDS, record.measure),
        ):
            if _check_text(index, name, text, findings) and not words.fullmatch(text):
                findings.problem("goods_words", index, name)


def _check_text(index: int, name: str, text: str, findings: RecordFindings) -> bool:
    """Check a text that everybody will read; return whether it has the form of a text."""
    if not text:
        findings.problem("text_empty", index, name)
        return False
    is_value = name.rpartition(".")[2] in VALUES and MINUS_AMOUNT.fullmatch(text)
    if text[0] in FORMULA_SIGNS and not is_value:
        findings.problem("formula", index, name)
        return False
    if holds_personal_number(DAY.sub("", text)):
        findings.problem("number_in_text", index, name)
    return True


def _check_donor(
    index: int, donor: DonorRecord, register: Register, findings: RecordFindings
) -> None:
    if donor.name == "":
        findings.problem("text_empty", index, "donor.name")
    elif donor.name is not None and donor.name[0] in FORMULA_SIGNS:
        findings.problem("formula", index, "donor.name")
    elif donor.choice is not Choice.NOT_SHOWN and not is_named(donor):
        findings.problem("name_missing", index, "donor.name")
    elif donor.name is not None and donor.choice in SHOWING:
        _check_shown(index, donor, donor.name, findings)
    if donor.code is not None:
        _check_code(index, donor, donor.code, register, findings)
    if donor.choice is Choice.PSEUDONYM and not (donor.is_organisation or donor.identity):
        findings.notice("pseudonym_single", index, "donor.identity")


def _check_shown(index: int, donor: DonorRecord, name: str, findings: RecordFindings) -> None:
    """Check a name that everybody will read, and on what ground."""
    if holds_personal_number(name):
        findings.problem("number_in_name", index, "donor.name")
    elif is_masked(name):
        findings.problem("name_masked", index, "donor.name")
    if donor.consent is not None:
        _check_text(index, "donor.consent", donor.consent, findings)
    elif not donor.is_organisation:
        # 《个人信息保护法》 art. 25: what is published of a person needs a separate consent.
        findings.problem("consent_missing", index, "donor.consent")
    elif donor.code is None and not is_organisation(name):
        findings.problem("organisation_unsure", index, "donor.is_organisation")


def _check_code(
    index: int, donor: DonorRecord, text: str, register: Register, findings: RecordFindings
) -> None:
    code = plain_code(text)
    if not donor.is_organisation:
        findings.problem("code_of_person", index, "donor.code")
    elif not SHAPE.fullmatch(code):
        findings.problem("code_invalid", index, "donor.code", code=text)
    elif code == register.organisation:
        findings.problem("gift_to_itself", index, "donor.code")
    elif code not in register.names and not has_valid_check_characters(code):
        findings.problem("code_check", index, "donor.code", code=code)


def _check_charity(
    index: int,
    record: Record,
    donor: DonorRecord,
    register: Register,
    findings: RecordFindings,
) -> None:
    """Look for money that another charity passes on: it was counted where it was given."""
    if not isinstance(record, GiftRecord) or donor.name is None:
        return
    code = plain_code(donor.code) if donor.code is not None else register.organisation
    if code in register.names and code != register.organisation:
        findings.problem("gift_of_member", index, "donor.code", name=register.names[code])
    elif donor.name in register.others:
        findings.problem("gift_of_member", index, "donor.name", name=donor.name)
    elif is_charity(donor.name):
        if record.pledge is not None:
            findings.problem("pledge_of_charity", index, "pledge")
        if record.receipt:
            findings.problem("receipt_of_transfer", index, "receipt")
        findings.problem("gift_from_charity", index, "donor.name", name=donor.name)
