"""Provides the mending of records that are not submitted: one by its form, many by accepting."""

import asyncio

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from charity.people.roles import Permission
from charity.reporting.batches.drafting import records_of
from charity.reporting.batches.reading import BatchView
from charity.reporting.batches.record_problems import accepting
from charity.reporting.batches.records import RecordsContent
from charity.reporting.batches.store import BatchStore
from ledger.messages import Message, Refused
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.batch import shown_title
from public_site.workplace.list_forms import seen_version
from public_site.workplace.record_forms import RecordForm, form_of, read_record_form
from public_site.workplace.records import (
    UNPROCESSABLE,
    Answered,
    changed,
    checked_content,
    own_draft,
    show_form,
    subject_of,
)
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page

PATH = "/{language:str}/workplace/{code:str}/batches/{batch:str}/records"
SHOWN = 200


async def _content(request: SiteRequest, view: BatchView) -> RecordsContent:
    store: BatchStore = request.app.state.batches
    return records_of(await asyncio.to_thread(store.drafts.read, view.id, view.version))


async def _show_many(
    request: SiteRequest,
    language: str,
    view: BatchView,
    content: RecordsContent,
    refusal: Refused | None = None,
) -> Response[str]:
    """Return the page on which suspicions about many records are accepted."""
    translate = translator(language_of(language))
    report = view.report
    problems = report.problems if report is not None else ()
    lines = [
        (
            accepting(found),
            int((found.field or "").split(".")[1]) + 1 if found.field else None,
            found.message.text(translate),
            found.mend.text(translate) if found.mend is not None else "",
        )
        for found in problems[:SHOWN]
    ]
    context = {
        "view": view,
        "title": shown_title(view, language_of(language)),
        "lines": lines,
        "hidden_lines": max(0, len(problems) - SHOWN),
        "accepted": content.accept,
        "errors": {"": refusal.message.text(translate)} if refusal is not None else {},
    }
    status = UNPROCESSABLE if refusal is not None else 200
    return await workplace(
        request,
        language,
        "workplace/records_accept.html",
        context,
        section="batches",
        status=status,
    )


@workplace_page(PATH, permission=Permission.REPORT)
async def record_draft(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Show the form of a draft; one that cannot be changed any more leads to its page."""
    view = await own_draft(request, code, batch)
    if not view.may_change:
        return see_other(language, "batch", code=code, batch=batch)
    content = await _content(request, view)
    if len(content.records) > 1:
        return await _show_many(request, language, view, content)
    form = await _form(request, language, content)
    return await show_form(
        request,
        language,
        form,
        await subject_of(request, language, form),
        view=view,
        report=view.report,
    )


async def _form(request: SiteRequest, language: str, content: RecordsContent) -> RecordForm:
    form = form_of(content.records[0], content.accept)
    subject = await subject_of(request, language, form)
    if subject is not None:
        own = {name for name, *_ in subject.fields}
        if form.kind == "correction" and form.texts["field"] not in own:
            form.texts["other_field"], form.texts["field"] = form.texts["field"], "other"
        if form.kind == "refund" and subject.unit.startswith("goods:"):
            form.texts["amount"] = str(getattr(content.records[0], "amount", ""))
    return form


@workplace_action(PATH, permission=Permission.REPORT, act="change_batch")
async def change_draft(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Take what was mended or accepted, and check the draft again."""
    view = await own_draft(request, code, batch)
    if not view.may_change:
        return see_other(language, "batch", code=code, batch=batch)
    content = await _content(request, view)
    seen = await seen_version(request)
    form = await read_record_form(request, content.records[0].kind)
    if len(content.records) > 1:
        try:
            accepted = content.model_copy(update={"accept": form.accept})
            return await changed(request, language, view, accepted, seen)
        except Refused as refusal:
            return await _show_many(request, language, view, content, refusal)
    try:
        mended = await checked_content(request, language, form, view)
        key = content.records[0].key
        if key is not None:
            record = mended.records[0].model_copy(update={"key": key})
            mended = mended.model_copy(update={"records": (record,)})
        return await changed(request, language, view, mended, seen)
    except Answered as answered:
        return answered.response
    except Refused as refusal:
        form.errors[""] = Message(refusal.message.template, **refusal.message.values)
        subject = await subject_of(request, language, form)
        return await show_form(request, language, form, subject, view=view)


ROUTES = (record_draft, change_draft)
