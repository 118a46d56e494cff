"""Provides what people do with a batch: check again, mend, submit, withdraw, approve, reject."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE
from msgspec.structs import replace as replace_options

from charity.people.access_log import REFUSED
from charity.people.roles import Permission
from charity.reporting.batches.approval import approve, reject, submit, withdraw
from charity.reporting.batches.drafting import change_list
from charity.reporting.batches.reading import BatchView
from ledger.messages import Refused
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.batch import PATH, batch_of, show_batch
from public_site.workplace.batch_problems import accepted_words
from public_site.workplace.form_fields import WrongField
from public_site.workplace.list_forms import (
    ListForm,
    options_of,
    read_list_form,
    seen_version,
)
from public_site.workplace.received_files import FILE_FIELD, FORM_BYTES_MAX, received_file
from public_site.workplace.routing import see_other, workplace_action
from public_site.workplace.upload import answer_too_large
from public_site.workplace.visiting import actor_of_request

CONFLICT = 409
Act = Callable[..., Awaitable[None]]


async def _refused(
    request: SiteRequest,
    language: str,
    view: BatchView,
    refusal: Refused,
    field: str = "",
    form: ListForm | None = None,
) -> Response[str]:
    """Show the batch as it is now, and on top of it why nothing was done."""
    note_act(request, outcome=REFUSED)
    if isinstance(refusal, WrongField):
        field = refusal.field
    now = await batch_of(request, request.path_params["code"], view.id)
    errors = {field: refusal.message.text(translator(language_of(language)))}
    return await show_batch(request, language, now, errors=errors, form=form, status=CONFLICT)


async def _act(
    request: SiteRequest, language: str, code: str, batch: str, act: Act, **values: Any
) -> Response[str] | Redirect:
    """Do something with the version that the form was made for, and show the batch again."""
    view = await batch_of(request, code, batch)
    try:
        await act(
            request.app.state.batches,
            person=actor_of_request(request).person,
            organisation=code,
            batch=batch,
            seen_version=await seen_version(request),
            **values,
        )
    except Refused as refusal:
        return await _refused(request, language, view, refusal, field="reason" if values else "")
    request.app.state.jobs.wake(batch)
    return see_other(language, "batch", code=code, batch=batch)


@workplace_action(f"{PATH}/submit", permission=Permission.REPORT, act="submit_batch")
async def submit_batch(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Hand a batch to the second person."""
    return await _act(request, language, code, batch, submit)


@workplace_action(f"{PATH}/withdraw", permission=Permission.REPORT, act="withdraw_batch")
async def withdraw_batch(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Take a batch back."""
    return await _act(request, language, code, batch, withdraw)


@workplace_action(f"{PATH}/approve", permission=Permission.DECIDE, act="approve_batch")
async def approve_batch(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Approve a batch; a job then enters it into the ledger."""
    return await _act(request, language, code, batch, approve)


@workplace_action(f"{PATH}/reject", permission=Permission.DECIDE, act="reject_batch")
async def reject_batch(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Reject a batch, with the reason."""
    given = (await request.form()).get("reason")
    reason = given if isinstance(given, str) else ""
    return await _act(request, language, code, batch, reject, reason=reason)


@workplace_action(f"{PATH}/check", permission=Permission.REPORT, act="change_batch")
async def check_again(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Check a list again, with what the reporter accepts and chooses now."""
    view = await batch_of(request, code, batch)
    form = await read_list_form(request)
    try:
        # What “all of this kind” means is told by the report of the version that was seen.
        words = accepted_words(form.accept, view.report)
        options = options_of(replace(form, accept=words), view.options.columns)
        await change_list(
            request.app.state.batches,
            person=actor_of_request(request).person,
            organisation=code,
            batch=batch,
            seen_version=await seen_version(request),
            options=options,
            fund=form.fund,
        )
    except Refused as refusal:
        return await _refused(request, language, view, refusal, form=form)
    request.app.state.jobs.wake(batch)
    return see_other(language, "batch", code=code, batch=batch)


@workplace_action(f"{PATH}/retry", permission=Permission.REPORT, act="change_batch")
async def retry(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Check a list once more as it is, after a check broke off."""
    return await _act(request, language, code, batch, change_list)


@workplace_action(
    f"{PATH}/file",
    permission=Permission.REPORT,
    act="change_batch",
    request_max_body_size=FORM_BYTES_MAX,
    exception_handlers={HTTP_413_REQUEST_ENTITY_TOO_LARGE: answer_too_large},
)
async def replace_file(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Put the mended file in the place of the earlier one.

    Nothing stays accepted: another row may stand now in a cell that was accepted.
    """
    view = await batch_of(request, code, batch)
    try:
        name, content = await received_file(request)
        await change_list(
            request.app.state.batches,
            person=actor_of_request(request).person,
            organisation=code,
            batch=batch,
            seen_version=await seen_version(request),
            options=replace_options(view.options, accept=()),
            file_name=name,
            content=content,
        )
    except Refused as refusal:
        return await _refused(request, language, view, refusal, field=FILE_FIELD)
    request.app.state.jobs.wake(batch)
    return see_other(language, "batch", code=code, batch=batch)


ROUTES = (
    submit_batch,
    withdraw_batch,
    approve_batch,
    reject_batch,
    check_again,
    retry,
    replace_file,
)
