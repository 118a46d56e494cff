"""Provides the forms of records: what people write becomes a record, and is shown again."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from charity.donors.enrolment import Choice
from charity.reporting.batches.records import (
    AMOUNT_MAX,
    RECORDS_MAX,
    GoodsDistributionRecord,
    Record,
    RefundRecord,
    TransferRecord,
)
from charity.reporting.batches.schemas import Finding
from charity.reporting.cells import Unreadable, amount_fen, clean_text
from ledger.accounts import GENERAL_FUND
from ledger.entries import CURRENCY
from ledger.messages import Message
from public_site.downloads import yuan
from public_site.rendering import SiteRequest

TEXT_CHARACTERS_MAX: Final = 20_000
"""More of a text is not even shown again."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "gift": ("fund", "amount", "currency", "pledge"),
        "goods_gift": ("fund", "goods", "pieces", "measure"),
        "spending": ("fund", "amount", "currency", "project", "purpose", "description"),
        "goods_distribution": ("stock", "pieces", "project", "description"),
        "transfer": ("giver", "fund", "amount", "currency"),
        "refund": ("entry", "amount", "reason"),
        "reversal": ("entry", "reason"),
        "correction": ("entry", "field", "other_field", "old", "new", "reason", "by"),
        "pledge": ("fund", "amount", "currency"),
    }
)
"""Kind of record → the fields of its form, beside those of all."""

DONOR_FIELDS: Final = ("donor_name", "donor_sort", "donor_code", "identity", "choice", "consent")
WITH_DONOR: Final = frozenset({"gift", "goods_gift", "pledge"})
WITH_RECEIPT: Final = frozenset({"gift", "goods_gift"})
ABOUT_ENTRY: Final = frozenset({"refund", "reversal", "correction"})
PREVIEWED: Final = frozenset({"reversal", "correction"})
"""What is published in words that are shown first."""

ORGANISATION: Final = "organisation"
PERSON: Final = "person"
OTHER_FIELD: Final = "other"
WORD: Final = re.compile(r"[0-9a-z_.]{1,60}")
PIECES: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+")

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "donor.name": "donor_name",
        "donor.is_organisation": "donor_sort",
        "donor.code": "donor_code",
        "donor.identity": "identity",
        "donor.choice": "choice",
        "donor.consent": "consent",
        "giver_fund": "giver",
        "gift": "entry",
        "field": "other_field",
    }
)
"""Path of a field of a record → the field of the form; the others have one name."""

AMOUNT_ERRORS: Final[Mapping[str, Message]] = MappingProxyType(
    {
        "amount_missing": Message("Write the amount."),
        "amount_unreadable": Message(
            "“{found}” is not an amount. Write it in digits, such as 1,234.50."
        ),
        "amount_not_positive": Message("The amount must be above zero."),
        "amount_too_precise": Message("“{found}” has more than two decimals."),
        "amount_too_large": Message("“{found}” is more than any amount that is recorded here."),
    }
)
TOO_LONG: Final = Message("At most {limit} characters, please.")
MISSING: Final = Message("Please fill this in.")
UNREADABLE: Final = Message("This cannot be read here.")
_adapter: Final[TypeAdapter[Record]] = TypeAdapter(Record)


@dataclass(slots=True)
class RecordForm:
    """What a form about one record holds.

    Attributes:
        kind: of the record.
        texts: the fields as people wrote them.
        accept: what they accept of what the check suspects.
        key: drawn with the form, so that sending it twice makes one batch.
        errors: field → what is wrong with it.
    """

    kind: str
    texts: dict[str, str] = field(default_factory=dict)
    accept: tuple[str, ...] = ()
    key: str = ""
    errors: dict[str, Message] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field without what nobody sees; empty if it is not there."""
        return clean_text(self.texts.get(name, ""))

    def record(self, unit: str = CURRENCY) -> Record | None:
        """Return the record that the fields tell, or None with what is wrong among the errors.

        Args:
            unit: of the amount of a refund: goods are counted in pieces.
        """
        values = self._values(unit)
        if self.errors:
            return None
        try:
            return _adapter.validate_python(values)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                path = ".".join(str(part) for part in problem["loc"][1:])
                self.errors.setdefault(
                    form_field(path),
                    _told(problem["type"], problem.get("ctx", {})),
                )
            return None

    def _values(self, unit: str) -> dict[str, Any]:
        values: dict[str, Any] = {"kind": self.kind}
        self._read(values, "day", "day", _day)
        readers: Mapping[str, Callable[[str], Any]] = {
            "amount": _pieces if unit.startswith("goods:") else _amount,
            "pieces": _pieces,
            "entry": _position,
            "pledge": _position,
        }
        for name in KINDS[self.kind]:
            text = self.text(name)
            match name:
                case "pledge" if not text:
                    continue
                case "stock":
                    values["fund"], values["goods"], values["measure"] = _stock(text)
                case "giver":
                    values["giver"], _, values["giver_fund"] = text.partition("/")
                case "entry":
                    self._read(values, name, "gift" if self.kind == "refund" else name, _position)
                case "field" | "other_field":
                    values["field"] = self._corrected_field()
                case _:
                    self._read(values, name, name, readers.get(name, _required))
        if self.kind in WITH_DONOR:
            values["donor"] = self._donor()
        if self.kind in WITH_RECEIPT:
            values["receipt"] = self.text("receipt") == "yes"
        return values

    def _read(
        self, values: dict[str, Any], name: str, target: str, reader: Callable[[str], Any]
    ) -> None:
        try:
            values[target] = reader(self.text(name))
        except Wrong as wrong:
            self.errors[name] = wrong.message

    def _corrected_field(self) -> str:
        chosen = self.text("field")
        if chosen != OTHER_FIELD:
            return chosen
        other = self.text("other_field")
        if not other:
            self.errors["other_field"] = MISSING
        return other

    def _donor(self) -> dict[str, Any]:
        is_organisation = self.text("donor_sort") == ORGANISATION
        identity = self.text("identity")
        return {
            "name": self.text("donor_name") or None,
            "is_organisation": is_organisation,
            "code": (self.text("donor_code") or None) if is_organisation else None,
            "identity": (identity,) if identity and not is_organisation else (),
            "choice": self.text("choice") or Choice.NOT_SHOWN,
            "consent": self.text("consent") or None,
        }


class Wrong(ValueError):  # noqa: N818 (it is an answer, like Refused)
    """A field holds what cannot be read; with the sentence that says so."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message.template)


def _required(text: str) -> str:
    if not text:
        raise Wrong(MISSING)
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Wrong(Message("Write a day as 2024-03-31.")) from error


def _amount(text: str) -> int:
    """Return an amount of money in minor units, exactly as written."""
    try:
        return amount_fen(text)
    except Unreadable as unreadable:
        template = AMOUNT_ERRORS[unreadable.code].template
        raise Wrong(Message(template, found=unreadable.found)) from unreadable


def _pieces(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text)
    if not plain:
        raise Wrong(Message("Write how many pieces."))
    number = int(plain.replace(",", "")) if len(plain) < 30 and PIECES.fullmatch(plain) else 0
    if not 0 < number <= AMOUNT_MAX:
        raise Wrong(Message("Write a whole number of pieces, in digits."))
    return number


def _position(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).lstrip("#")
    if not (plain.isascii() and plain.isdigit() and len(plain) < 17):
        raise Wrong(Message("Write the number of the entry, such as 1024."))
    return int(plain)


def _stock(text: str) -> tuple[str, str, str]:
    """Return fund, goods and measure of what a form offers to hand out."""
    fund, _, rest = text.partition(" ")
    goods, _, measure = rest.rpartition("/")
    return fund, goods, measure


def _told(sort: str, context: Mapping[str, Any]) -> Message:
    """Return what is wrong with a field, of an error that the schema found."""
    if sort == "string_too_long":
        return Message(TOO_LONG.template, limit=context["max_length"])
    if sort in {"missing", "string_too_short"}:
        return MISSING
    return UNREADABLE


def form_field(path: str) -> str:
    """Return the field of the form that a path within a record means: `donor.name`."""
    if path.startswith("donor.identity"):
        path = "donor.identity"
    return FIELDS.get(path, path)


def finding_field(finding: Finding) -> str:
    """Return the field of the form that a finding means; empty for the whole."""
    _, _, path = (finding.field or "").removeprefix("records.").partition(".")
    return form_field(path)


async def read_record_form(request: SiteRequest, kind: str) -> RecordForm:
    """Return what a form brought."""
    given = await request.form()
    names = ("day", "receipt", *KINDS[kind], *DONOR_FIELDS)
    texts = {
        name: value[:TEXT_CHARACTERS_MAX].replace("\0", "")
        for name in names
        if isinstance(value := given.get(name), str)
    }
    words = (word for word in given.getall("accept", []) if isinstance(word, str))
    key = given.get("key")
    return RecordForm(
        kind,
        texts,
        tuple(dict.fromkeys(filter(WORD.fullmatch, words)))[:RECORDS_MAX],
        key if isinstance(key, str) and re.fullmatch(r"[0-9a-f]{32}", key) else "",
    )


def form_of(record: Record, accept: tuple[str, ...] = ()) -> RecordForm:
    """Return the form that shows a record again."""
    texts = {
        name: str(value)
        for name, value in record
        if name not in {"kind", "key", "donor", "receipt"} and value is not None
    }
    donor = getattr(record, "donor", None)
    if donor is not None:
        texts |= {
            "donor_name": donor.name or "",
            "donor_sort": ORGANISATION if donor.is_organisation else PERSON,
            "donor_code": donor.code or "",
            "identity": " ".join(donor.identity),
            "choice": donor.choice.value,
            "consent": donor.consent or "",
        }
    if getattr(record, "receipt", False):
        texts["receipt"] = "yes"
    if "amount" in texts:
        texts["amount"] = yuan(int(texts["amount"]))
    match record:
        case GoodsDistributionRecord():
            texts["stock"] = f"{record.fund} {record.goods}/{record.measure}"
        case TransferRecord():
            texts["giver"] = f"{record.giver}/{record.giver_fund}"
        case RefundRecord():
            texts["entry"] = str(record.gift)
        case _:
            pass
    return RecordForm(record.kind, texts, accept)


def new_form(kind: str, key: str, today: date) -> RecordForm:
    """Return the form of a new record, as empty as it can be."""
    texts = {"day": today.isoformat(), "fund": GENERAL_FUND, "currency": CURRENCY}
    texts |= {"donor_sort": PERSON, "choice": Choice.NOT_SHOWN.value, "purpose": "program"}
    return RecordForm(kind, texts, key=key)
