"""Provides the access log for those who supervise: filtered, page by page, and as CSV."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from charity.organisations.tables import Organisation
from charity.people.access_log import ActView, acts_of
from charity.people.roles import Actor, Permission
from charity.people.sessions import instant, moment_of
from charity.people.tables import Person
from ledger.messages import Message, Translate
from public_site.downloads import csv_stream
from public_site.formatting import SHENZHEN
from public_site.languages import language_of
from public_site.rendering import SiteRequest, page_path
from public_site.settings import Language
from public_site.translations import translator
from public_site.workplace.act_words import ACT_LABELS, BATCH_ACTS, OUTCOME_LABELS, act_label
from public_site.workplace.form_fields import WrongField
from public_site.workplace.routing import workplace, workplace_page
from public_site.workplace.visiting import actor_of_request, now

FILTER_CHARACTERS_MAX: Final = 60
PAGE_MAX: Final = 100_000
BATCH: Final = re.compile(r"[0-9a-f]{32}")

Text = Annotated[str, QueryParameter(max_length=FILTER_CHARACTERS_MAX)]


@dataclass(frozen=True, slots=True)
class ActFilters:
    """What the list of acts is narrowed to, as the address of the page says it."""

    person: str = ""
    organisation: str = ""
    act: str = ""
    from_day: str = ""
    to_day: str = ""

    def query(self, **more: object) -> str:
        """Return the filters as the query of an address."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        chosen = {name: value for name, value in (fields | more).items() if value}
        return f"?{urlencode(chosen)}" if chosen else ""

    async def acts(self, page: int = 1, before: str | None = None) -> tuple[list[ActView], int]:
        """Return a page of the acts, the newest first, and the number of pages.

        Raises:
            WrongField: a day is none.
        """
        until = _start_of_day("to_day", self.to_day, later=1)
        return await acts_of(
            person=_plain(self.person),
            organisation=_plain(self.organisation),
            act=_plain(self.act),
            since=_start_of_day("from_day", self.from_day),
            until=min(filter(None, (until, before)), default=None),
            page=page,
        )


def _plain(text: str) -> str | None:
    """Return a text without the one character that PostgreSQL does not take."""
    return text.replace("\0", "") or None


def _start_of_day(field: str, text: str, *, later: int = 0) -> str | None:
    """Return when a day in Shenzhen begins, or the day so many days later.

    Raises:
        WrongField: it is no day.
    """
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=later)
        return instant(datetime.combine(day, time(), SHENZHEN))
    except (ValueError, OverflowError) as error:
        wrong = Message("This is no day. Write it like this: 2026-01-31")
        raise WrongField.at(field, wrong) from error


@workplace_page("/{language:str}/workplace/acts", permission=Permission.READ_ACCESS_LOG)
async def acts(
    request: SiteRequest,
    language: FromPath[str],
    person: Text = "",
    organisation: Text = "",
    act: Text = "",
    from_day: Text = "",
    to_day: Text = "",
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
) -> Response[str]:
    """Show the acts of people, the newest first."""
    chosen = language_of(language)
    filters = ActFilters(person, organisation, act, from_day, to_day)
    errors: dict[str, str] = {}
    shown: list[ActView] = []
    pages = 1
    try:
        shown, pages = await filters.acts(page)
    except WrongField as wrong:
        errors = {wrong.field: wrong.message.text(translator(chosen))}
    here = page_path(chosen, "acts")
    context = {
        "filters": filters,
        "errors": errors,
        "acts": await _rows(shown, chosen, actor_of_request(request)),
        "csv_url": f"{here}.csv{filters.query()}",
        "first_url": here + filters.query() if page > 1 else None,
        "next_url": here + filters.query(page=page + 1) if page < pages else None,
        **await _choices(translator(chosen)),
    }
    return await workplace(
        request,
        language,
        "workplace/acts.html",
        context,
        section="acts",
        status=422 if errors else 200,
    )


async def _choices(translate: Translate) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen in the filters."""
    people = await Person.select(Person.id, Person.name, Person.email).order_by(Person.name)
    organisations = await Organisation.select().order_by(Organisation.name)
    acts = sorted((label.text(translate), act) for act, label in ACT_LABELS.items())
    return {
        "person_options": [
            ("", Message("Everybody").text(translate)),
            *((row["id"], f"{row['name']} ({row['email']})") for row in people),
        ],
        "organisation_options": [
            ("", Message("All organisations").text(translate)),
            *((row["code"], row["name"]) for row in organisations),
        ],
        "act_options": [
            ("", Message("All acts").text(translate)),
            *((act, text) for text, act in acts),
        ],
    }


async def _rows(
    shown: Sequence[ActView], language: Language, actor: Actor
) -> list[dict[str, object]]:
    translate = translator(language)
    names = await _organisation_names({act.organisation for act in shown if act.organisation})
    return [
        {
            "at": moment_of(act.at),
            "person_name": act.name,
            "label": act_label(act.act).text(translate),
            "organisation_name": names.get(act.organisation or "", act.organisation),
            "subject": act.subject,
            "subject_url": _batch_url(act, language, actor),
            "outcome": act.outcome,
            "outcome_label": _outcome(act, translate),
            "address": act.address,
        }
        for act in shown
    ]


def _batch_url(act: ActView, language: Language, actor: Actor) -> str | None:
    """Return the address of the batch that an act was about, for those who may see it."""
    code, subject = act.organisation, act.subject
    if act.act not in BATCH_ACTS or code is None or BATCH.fullmatch(subject or "") is None:
        return None
    if not actor.may(Permission.SEE_REPORTS, code):
        return None
    return page_path(language, "batch", code=code, batch=subject)


def _outcome(act: ActView, translate: Translate) -> str:
    label = OUTCOME_LABELS.get(act.outcome)
    return label.text(translate) if label else act.outcome


async def _organisation_names(codes: set[str]) -> dict[str, str]:
    if not codes:
        return {}
    rows = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.code.is_in(list(codes))
    )
    return {row["code"]: row["name"] for row in rows}


@workplace_page(
    "/{language:str}/workplace/acts.csv",
    permission=Permission.READ_ACCESS_LOG,
    act="access_log.download",
)
async def acts_csv(
    language: FromPath[str],
    person: Text = "",
    organisation: Text = "",
    act: Text = "",
    from_day: Text = "",
    to_day: Text = "",
) -> Stream:
    """Return the same list as CSV, complete up to now."""
    chosen = language_of(language)
    filters = ActFilters(person, organisation, act, from_day, to_day)
    before = instant(now().astimezone(UTC))
    first = await filters.acts(1, before)
    return csv_stream("access-log.csv", _header(chosen), _pages(filters, before, first, chosen))


def _header(language: Language) -> list[str]:
    translate = translator(language)
    columns = (
        Message("Time (Shenzhen)"),
        Message("Person"),
        Message("Act"),
        Message("Organisation"),
        Message("Subject"),
        Message("Outcome"),
        Message("Network address"),
    )
    return [column.text(translate) for column in columns]


async def _pages(
    filters: ActFilters, before: str, first: tuple[list[ActView], int], language: Language
) -> AsyncIterator[Sequence[Sequence[object]]]:
    translate = translator(language)
    shown, pages = first
    for page in range(1, pages + 1):
        if page > 1:
            shown, _ = await filters.acts(page, before)
        yield [_cells(act, translate) for act in shown]


def _cells(act: ActView, translate: Translate) -> list[object]:
    return [
        moment_of(act.at).astimezone(SHENZHEN).strftime("%Y-%m-%d %H:%M:%S"),
        act.name or act.person or "",
        act_label(act.act).text(translate),
        act.organisation or "",
        act.subject or "",
        _outcome(act, translate),
        act.address or "",
    ]


ROUTES = (acts, acts_csv)
