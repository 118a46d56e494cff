"""Provides what forms of records offer and show: funds with their balances, goods, entries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Project
from charity.reporting.batches.records import CorrectionRecord, Record, ReversalRecord
from charity.reporting.records import reversal_facts
from ledger.accounts import GENERAL_FUND, fund_account, goods_account
from ledger.entries import CURRENCY, GOODS_PREFIX, VERSION, Entry, Facts, Source
from ledger.kinds import parse_entry
from ledger.kinds.correction import CORRECTION, CorrectionFacts
from ledger.kinds.reversal import REVERSAL
from ledger.log import Ledger
from ledger.messages import Message, Translate
from ledger.reading import read_entry
from ledger.tables import Balance, MovementRow
from public_site.entry_facts import FIELD_LABELS, corrections, particulars
from public_site.formatting import amount_in, money
from public_site.movement_rows import later_entries
from public_site.movements import Movement, movements
from public_site.workplace.record_forms import OTHER_FIELD

Options = list[tuple[str, str]]
OWN_WORDS: Final[Mapping[str, Message]] = {
    "description": FIELD_LABELS["description"],
    "reason": Message("Reason"),
    "subject": Message("Note"),
}
"""Words of an entry that a note corrects by their own field → how the field is called."""


async def fund_choices(code: str) -> Options:
    """Return the funds of an organisation with what each holds in yuan, the general one first."""
    identifier = organisation_identifier(code)
    rows = await Fund.select(Fund.code, Fund.name).where(Fund.organisation == code)
    rows.sort(key=lambda row: (row["code"] != GENERAL_FUND, row["name"]))
    accounts = {fund_account(identifier, row["code"]): row["code"] for row in rows}
    balances = await Balance.select().where(
        Balance.account.is_in(list(accounts) or ["-"]) & (Balance.unit == CURRENCY)
    )
    held = {accounts[row["account"]]: int(row["amount"]) for row in balances}
    return [(row["code"], f"{row['name']} · {money(held.get(row['code'], 0))}") for row in rows]


async def project_choices(code: str) -> Options:
    """Return the registered projects of an organisation."""
    rows = (
        await Project.select(Project.code, Project.name)
        .where(Project.organisation == code)
        .order_by(Project.name)
    )
    return [(row["code"], row["name"]) for row in rows]


async def stock_choices(code: str) -> Options:
    """Return the goods that the funds of an organisation hold: `fund goods/measure` and words."""
    identifier = organisation_identifier(code)
    funds = await Fund.select(Fund.code, Fund.name).where(Fund.organisation == code)
    accounts = {goods_account(identifier, row["code"]): row for row in funds}
    rows = (
        await Balance.select()
        .where(Balance.account.is_in(list(accounts) or ["-"]) & (Balance.amount > 0))
        .order_by(Balance.unit)
    )
    return [
        (
            f"{accounts[row['account']]['code']} {row['unit'].removeprefix(GOODS_PREFIX)}",
            f"{amount_in(int(row['amount']), row['unit'])} · {accounts[row['account']]['name']}",
        )
        for row in rows
    ]


async def giver_choices(code: str) -> Options:
    """Return the funds of all other organisations: `code/fund`, and both their names."""
    organisations = await Organisation.select(Organisation.code, Organisation.name).order_by(
        Organisation.name
    )
    names = {row["code"]: row["name"] for row in organisations if row["code"] != code}
    funds = await Fund.select(Fund.organisation, Fund.code, Fund.name).where(
        Fund.organisation.is_in(list(names) or ["-"])
    )
    options = [
        (f"{row['organisation']}/{row['code']}", f"{names[row['organisation']]} · {row['name']}")
        for row in funds
    ]
    return sorted(options, key=lambda option: (option[1], option[0]))


@dataclass(frozen=True, slots=True)
class Subject:
    """The entry that a refund, a reversal or a correction is about.

    Attributes:
        entry: the entry.
        movement: its line, as every list shows it.
        unit: of its amount.
        left: what is left of a gift to pay back, in the unit.
        fields: words of its own that a note can correct: field, label, the words.
    """

    entry: Entry
    movement: Movement
    unit: str
    left: int
    fields: tuple[tuple[str, str, str], ...]

    @property
    def left_text(self) -> str:
        """What is left to pay back, with its unit."""
        return amount_in(self.left, self.unit)

    def field_choices(self, other: str) -> Options:
        """Return what a note may correct, the last one named by the reporter."""
        return [*((name, label) for name, label, _ in self.fields), (OTHER_FIELD, other)]


async def find_subject(
    ledger: Ledger, code: str, position: int, translate: Translate
) -> Subject | None:
    """Return an entry of an organisation; None if it has none at this position."""
    rows = await MovementRow.select().where(
        (MovementRow.position == position)
        & (MovementRow.organisation == organisation_identifier(code))
    )
    if not rows:
        return None
    [movement] = await movements(ledger, rows, translate)
    entry = parse_entry(await read_entry(position))
    amount, unit, *_ = entry.facts.listed()
    later = (await later_entries([position]))[position]
    fields = tuple(
        (name, label.text(translate), str(words))
        for name, label in OWN_WORDS.items()
        if isinstance(words := getattr(entry.facts, name, None), str) and entry.kind != "refund"
    )
    return Subject(entry, movement, unit or CURRENCY, abs(amount) - later.refunded, fields)


async def public_wording(
    record: Record, code: str, subject: Subject, translate: Translate
) -> dict[str, Any]:
    """Return what the public page of the entry will say that a record becomes.

    Only of corrections and reversals.
    """
    facts: Facts
    match record:
        case CorrectionRecord():
            kind = CORRECTION.name
            facts = CorrectionFacts(
                by=record.by,
                field=record.field,
                new=record.new,
                old=record.old,
                reason=record.reason,
                refers_to=record.entry,
            )
        case ReversalRecord():
            kind = REVERSAL.name
            facts = reversal_facts(subject.entry, record.entry, record.reason)
        case _:
            raise TypeError(record.kind)
    entry = Entry(
        day=record.day.isoformat(),
        facts=facts,
        id="-",
        kind=kind,
        organisation=organisation_identifier(code),
        postings=(),
        recorded_at="2000-01-01T00:00:00Z",
        source=Source(),
        version=VERSION,
    )
    notes = await corrections(-1, entry, (), translate)
    return {
        "corrections": [note | {"position": None} for note in notes],
        "particulars": particulars(entry, translate),
        "event_day": record.day,
        "reason": record.reason,
    }
