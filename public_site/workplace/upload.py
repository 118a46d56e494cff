"""Provides the page that takes a list: a file, the fund it goes into, and what it does not say."""

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from charity.people.roles import Permission
from charity.reporting.batches.drafting import draft_list
from ledger.messages import Message, Refused
from public_site.languages import language_of, preferred_language
from public_site.rendering import LANGUAGES, SiteRequest, rendered
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.form_fields import WrongField
from public_site.workplace.list_forms import (
    ListForm,
    fund_options,
    options_of,
    read_list_form,
)
from public_site.workplace.received_files import (
    FILE_FIELD,
    FILE_MIB_MAX,
    FORM_BYTES_MAX,
    TOO_LARGE,
    AfterBody,
    received_file,
)
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page
from public_site.workplace.visiting import actor_of_request

UNPROCESSABLE = 422


def answer_too_large(request: SiteRequest, _: HTTPException) -> AfterBody:
    """Return the page that says how large a file may be; the browser first sends all of it."""
    first = request.scope["path"].strip("/").partition("/")[0]
    language = next((known for known in LANGUAGES if known == first), preferred_language(request))
    translate = translator(language)
    shown = rendered(
        request,
        language,
        "error.html",
        {
            "status": HTTP_413_REQUEST_ENTITY_TOO_LARGE,
            "title": Message("This file is too large").text(translate),
            "text": TOO_LARGE.text(translate),
        },
    )
    return AfterBody(
        shown.content, media_type="text/html", status_code=HTTP_413_REQUEST_ENTITY_TOO_LARGE
    )


async def _shown(
    request: SiteRequest,
    language: str,
    code: str,
    form: ListForm,
    refusal: Refused | None = None,
) -> Response[str]:
    errors = {}
    if refusal is not None:
        field = refusal.field if isinstance(refusal, WrongField) else FILE_FIELD
        errors[field] = refusal.message.text(translator(language_of(language)))
    context = {
        "form": form,
        "fund_options": await fund_options(code),
        "errors": errors,
        "mib": FILE_MIB_MAX,
    }
    status = UNPROCESSABLE if errors else 200
    return await workplace(
        request, language, "workplace/upload.html", context, section="batches", status=status
    )


@workplace_page("/{language:str}/workplace/{code:str}/upload", permission=Permission.REPORT)
async def upload(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Show the form that takes a list."""
    return await _shown(request, language, code, ListForm())


@workplace_action(
    "/{language:str}/workplace/{code:str}/upload",
    permission=Permission.REPORT,
    act="upload_list",
    request_max_body_size=FORM_BYTES_MAX,
    exception_handlers={HTTP_413_REQUEST_ENTITY_TOO_LARGE: answer_too_large},
)
async def take_list(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str] | Redirect:
    """Take a list, have it checked, and lead to its page."""
    form = await read_list_form(request)
    try:
        options = options_of(form)
        name, content = await received_file(request)
        batch = await draft_list(
            request.app.state.batches,
            person=actor_of_request(request).person,
            organisation=code,
            fund=form.fund,
            file_name=name,
            content=content,
            options=options,
        )
    except Refused as refusal:
        return await _shown(request, language, code, form, refusal)
    note_act(request, subject=batch)
    request.app.state.jobs.wake(batch)
    return see_other(language, "batch", code=code, batch=batch)


ROUTES = (upload, take_list)
