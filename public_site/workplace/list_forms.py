"""Provides the choices of a list as a form gives them: fund, day, consent, what is accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from charity.organisations.tables import Fund
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.dates import GivenDay
from ledger.accounts import GENERAL_FUND
from ledger.messages import Message, Refused
from public_site.rendering import SiteRequest
from public_site.workplace.form_fields import WrongField

CONSENT_CHARACTERS_MAX: Final = 500
ACCEPTED_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class ListForm:
    """The fields of a form about a list, as text."""

    fund: str = GENERAL_FUND
    given_day: str = ""
    consent: str = ""
    receipts: bool = False
    accept: tuple[str, ...] = ()


async def read_list_form(request: SiteRequest) -> ListForm:
    """Return the fields that a form gave."""
    form = await request.form()
    return ListForm(
        fund=_text(form, "fund") or GENERAL_FUND,
        given_day=_text(form, "given_day"),
        consent=_text(form, "consent"),
        receipts=_text(form, "receipts") == "yes",
        accept=tuple(
            dict.fromkeys(word for word in form.getall("accept", []) if isinstance(word, str))
        )[:ACCEPTED_MAX],
    )


def options_of(form: ListForm, columns: Mapping[str, str] | None = None) -> ListOptions:
    """Return the reporter's choices.

    Raises:
        WrongField: the day has a wrong form, or the basis of consent is too long.
    """
    day = form.given_day.replace(" ", "").replace("～", "/").replace("至", "/") or None
    if day is not None:
        try:
            GivenDay.parse(day)
        except Refused as refusal:
            raise WrongField.at("given_day", refusal.message) from refusal
    if len(form.consent) > CONSENT_CHARACTERS_MAX:
        raise WrongField.at(
            "consent",
            Message("At most {limit} characters, please.", limit=CONSENT_CHARACTERS_MAX),
        )
    return ListOptions(
        given_day=day,
        accept=form.accept,
        consent=form.consent or None,
        columns=dict(columns or {}),
        receipts=form.receipts,
    )


async def fund_options(code: str) -> list[tuple[str, str]]:
    """Return code and name of the funds of an organisation, the general one first."""
    rows = await Fund.select(Fund.code, Fund.name).where(Fund.organisation == code)
    rows.sort(key=lambda row: (row["code"] != GENERAL_FUND, row["name"]))
    return [(row["code"], row["name"]) for row in rows]


async def seen_version(request: SiteRequest) -> int:
    """Return the version of a batch that a form was made for; 0, which no batch has, for none."""
    text = _text(await request.form(), "seen_version")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _text(form: Any, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
