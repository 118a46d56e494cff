"""Provides the forms in which one fact is reported by hand, and the mending of such a draft."""

from collections.abc import Mapping, Sequence
from datetime import date
from secrets import token_hex
from typing import Annotated, Any, Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from charity.people.roles import Permission
from charity.receipts.lists import receipts_of_entry
from charity.reporting.batches.drafting import KeyUsed, change_records, draft_records
from charity.reporting.batches.reading import BatchView, find_batch
from charity.reporting.batches.record_problems import accepting
from charity.reporting.batches.recording import check_records
from charity.reporting.batches.records import Record, RecordsContent
from charity.reporting.batches.schemas import BatchReport, Finding
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import work
from ledger.entries import CURRENCY
from ledger.messages import Message, Refused, Translate
from public_site.formatting import SHENZHEN, sentences
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.record_forms import (
    ABOUT_ENTRY,
    KINDS,
    PREVIEWED,
    RecordForm,
    finding_field,
    new_form,
    read_record_form,
)
from public_site.workplace.record_subjects import (
    Subject,
    find_subject,
    fund_choices,
    giver_choices,
    project_choices,
    public_wording,
    stock_choices,
)
from public_site.workplace.record_words import (
    CHOICES,
    CURRENCIES,
    IN_FORM,
    IT_IS_RIGHT,
    PURPOSES,
    REASONS,
    TITLES,
)
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page
from public_site.workplace.visiting import actor_of_request, now

PATH: Final = "/{language:str}/workplace/{code:str}/records/{kind:str}"
UNPROCESSABLE: Final = 422
CONFIRMED: Final = "confirmed"
AGAIN: Final = "again"
RECEIPT_VALID: Final = "receipt_valid"


def today() -> date:
    """Return the day in Shenzhen."""
    return now().astimezone(SHENZHEN).date()


def known_kind(kind: str) -> str:
    """Return the kind of record that an address names.

    Raises:
        NotFoundException: there is none.
    """
    if kind not in KINDS:
        raise NotFoundException
    return kind


async def _choices(kind: str, code: str, subject: Subject | None, _: Any) -> dict[str, object]:
    """Return what the fields of a form offer."""
    names = KINDS[kind]
    return {
        "funds": await fund_choices(code) if "fund" in names else [],
        "projects": await project_choices(code) if "project" in names else [],
        "stock": await stock_choices(code) if "stock" in names else [],
        "givers": await giver_choices(code) if "giver" in names else [],
        "field_choices": subject.field_choices(_("Something else")) if subject is not None else [],
        "purposes": [(value, label.text(_)) for value, label in PURPOSES.items()],
        "reasons": [(value, label.text(_)) for value, label in REASONS.items()],
        "currencies": [(value, label.text(_)) for value, label in CURRENCIES.items()],
        "choices": [(value, what.text(_), how.text(_)) for value, what, how in CHOICES],
    }


def _sentence(found: Finding, translate: Translate) -> str:
    """Return what is wrong and how to mend it; what can be accepted has a box, and no word here."""
    text = found.message.text(translate)
    if found.mend is None or found.accept is not None:
        return text
    return sentences(text, found.mend.text(translate))


def _to_accept(findings: Sequence[Finding], translate: Translate) -> list[tuple[str, str, str]]:
    """Return the suspicions that can be accepted: word, suspicion, what accepting it says."""
    return [
        (
            word,
            found.message.text(translate),
            IN_FORM.get(found.code, IT_IS_RIGHT).text(translate),
        )
        for found in findings
        if (word := accepting(found)) is not None
    ]


async def _receipt_in_the_way(
    code: str, problems: Sequence[Finding], subject: Subject | None
) -> int | None:
    """Return the place of the valid donation receipt that must be made void first, if one is."""
    if subject is None or all(found.code != RECEIPT_VALID for found in problems):
        return None
    receipts = await receipts_of_entry(code, subject.movement.position)
    return receipts[0] if receipts else None  # only the newest of a gift can be valid


async def show_form(
    request: SiteRequest,
    language: str,
    form: RecordForm,
    subject: Subject | None,
    *,
    report: BatchReport | None = None,
    view: BatchView | None = None,
) -> Response[str]:
    """Return the page of a form, with what is wrong with it."""
    translate = translator(language_of(language))
    code: str = request.path_params["code"]
    problems = report.problems if report is not None else ()
    # What the check found is told once for a field; what can be accepted has a box of its own.
    told = {name: message.text(translate) for name, message in form.errors.items()}
    for found in problems:
        name, text = finding_field(found), _sentence(found, translate)
        told[name] = sentences(told[name], text) if name in told else text
    suspected = _to_accept(problems, translate)
    accepted = _to_accept(report.accepted if report is not None else (), translate)
    shown = {word for word, *_ in (*suspected, *accepted)}
    title, lead = TITLES[form.kind]
    context = {
        "form": form,
        "texts": form.texts,
        "errors": told,
        "suspected": suspected,
        "accepted": accepted,
        "kept": [word for word in form.accept if word not in shown],
        "title": title.text(translate),
        "lead": lead.text(translate),
        "subject": subject,
        "asks_entry": form.kind in ABOUT_ENTRY and subject is None,
        "view": view,
        "receipt_in_the_way": await _receipt_in_the_way(code, problems, subject),
        "today": today().isoformat(),
        **await _choices(form.kind, code, subject, translate),
    }
    status = UNPROCESSABLE if told and request.method == "POST" else 200
    return await workplace(
        request, language, "workplace/records.html", context, section="batches", status=status
    )


async def subject_of(request: SiteRequest, language: str, form: RecordForm) -> Subject | None:
    """Return the entry that a form is about; what is wrong with its number goes to the errors."""
    text = form.text("entry").lstrip("#")
    if form.kind not in ABOUT_ENTRY or not text:
        return None
    code: str = request.path_params["code"]
    position = int(text) if text.isascii() and text.isdigit() and len(text) < 17 else -1
    translate = translator(language_of(language))
    found = await find_subject(request.app.state.ledger, code, position, translate)
    if found is None:
        form.errors["entry"] = Message("Your organisation has no entry with this number.")
    return found


@workplace_page(PATH, permission=Permission.REPORT)
async def record_form(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    kind: FromPath[str],
    entry: Annotated[str | None, QueryParameter(max_length=20)] = None,
    pledge: Annotated[str | None, QueryParameter(max_length=20)] = None,
) -> Response[str]:
    """Show the form of a kind of record; `entry` is what a refund or a correction is about."""
    form = new_form(known_kind(kind), token_hex(16), today())
    form.texts |= {name: text for name, text in (("entry", entry), ("pledge", pledge)) if text}
    subject = await subject_of(request, language, form)
    if subject is not None and subject.fields:
        form.texts["field"], _, form.texts["old"] = subject.fields[0]
    return await show_form(request, language, form, subject)


class Answered(Exception):  # noqa: N818 (an answer, no failure)
    """A form is answered with a page of its own before anything is handed in."""

    def __init__(self, response: Response[str]) -> None:
        self.response = response
        super().__init__()


async def checked_content(
    request: SiteRequest, language: str, form: RecordForm, view: BatchView | None = None
) -> RecordsContent:
    """Return what a form reports, checked against the ledger and, where it is public, confirmed.

    Raises:
        Answered: with the form and what is wrong with it, or with the public wording.
    """
    subject = await subject_of(request, language, form)
    record = form.record(subject.unit if subject is not None else CURRENCY)
    step = (await request.form()).get("step")
    if record is None or step == AGAIN or (form.kind in ABOUT_ENTRY and subject is None):
        raise Answered(await show_form(request, language, form, subject, view=view))
    content = RecordsContent(records=(record,), accept=form.accept)
    store: BatchStore = request.app.state.batches
    report = await check_records(store, request.path_params["code"], content, today())
    if report.problems:
        raise Answered(await show_form(request, language, form, subject, report=report, view=view))
    if form.kind in PREVIEWED and step != CONFIRMED and subject is not None:
        raise Answered(await _show_wording(request, language, form, record, subject, view))
    return content


async def _show_wording(
    request: SiteRequest,
    language: str,
    form: RecordForm,
    record: Record,
    subject: Subject,
    view: BatchView | None,
) -> Response[str]:
    """Return the page that shows what everybody will read, before anything is handed in."""
    translate = translator(language_of(language))
    wording = await public_wording(record, request.path_params["code"], subject, translate)
    hidden: Mapping[str, str] = {name: text for name, text in form.texts.items() if text}
    context = {"form": form, "hidden": hidden, "subject": subject, "view": view, **wording}
    return await workplace(
        request, language, "workplace/records_wording.html", context, section="batches"
    )


@workplace_action(PATH, permission=Permission.REPORT, act="report_batch")
async def take_record(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], kind: FromPath[str]
) -> Response[str] | Redirect:
    """Take a record: it becomes a batch of its own, checked at once."""
    form = await read_record_form(request, known_kind(kind))
    form.key = form.key or token_hex(16)
    store: BatchStore = request.app.state.batches
    try:
        content = await checked_content(request, language, form)
        batch = await draft_records(
            store,
            person=actor_of_request(request).person,
            organisation=code,
            title=title_of_record(form.kind, content.records[0], language),
            content=content,
            idempotency_key=f"form-{form.key}",
        )
    except Answered as answered:
        return answered.response
    except KeyUsed:
        form.key = token_hex(16)
        form.errors[""] = Message(
            "This form was handed in before, with other words. If this is another fact, hand it in"
            " once more; if not, mend the batch that it made."
        )
        subject = await subject_of(request, language, form)
        return await show_form(request, language, form, subject)
    except Refused as refusal:
        form.errors[""] = refusal.message
        return await show_form(request, language, form, await subject_of(request, language, form))
    note_act(request, subject=batch)
    await work(store, batch, today())
    return see_other(language, "batch", code=code, batch=batch)


def title_of_record(kind: str, record: Record, language: str) -> str:
    """Return what a batch of one record is called: kind and day, and no name."""
    title, _ = TITLES[kind]
    return f"{title.text(translator(language_of(language)))} {record.day.isoformat()}"


async def own_draft(request: SiteRequest, code: str, batch: str) -> BatchView:
    """Return a batch of records of this organisation that may still be changed.

    Raises:
        NotFoundException: there is none.
    """
    view = await find_batch(request.app.state.batches, code, batch)
    if view is None or not view.is_own or view.content != "records":
        raise NotFoundException
    return view


async def changed(
    request: SiteRequest,
    language: str,
    view: BatchView,
    content: RecordsContent,
    seen_version: int,
) -> Redirect:
    """Put other records into a draft and check it; lead to its page.

    Raises:
        Refused: it was changed or submitted meanwhile.
    """
    store: BatchStore = request.app.state.batches
    await change_records(
        store,
        person=actor_of_request(request).person,
        organisation=view.organisation,
        batch=view.id,
        seen_version=seen_version,
        content=content,
    )
    await work(store, view.id, today())
    return see_other(language, "batch", code=view.organisation, batch=view.id)


ROUTES = (record_form, take_record)
