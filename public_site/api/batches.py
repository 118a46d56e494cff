"""Provides the batches of the API: hand in, read, replace, submit, withdraw."""

import asyncio
import re
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from litestar import HttpMethod, Response
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter

from charity.people.tokens import Scope, TokenActor
from charity.reporting.batches.approval import submit, withdraw
from charity.reporting.batches.drafting import (
    LIST,
    KeyUsed,
    change_list,
    change_records,
    draft_list,
    draft_records,
)
from charity.reporting.batches.reading import BatchView, find_batch
from charity.reporting.batches.records import RecordsContent
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.batches.states import WAITING_FOR_JOB
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.tables import Batch as BatchTable
from ledger.messages import Message, Refused
from public_site.api.authentication import program_of
from public_site.api.bodies import SentList, read_sent
from public_site.api.body_descriptions import BatchBody
from public_site.api.idempotency import earlier_batch, request_mark
from public_site.api.problem_kinds import (
    CHANGED_MEANWHILE,
    INVALID_CONTENT,
    INVALID_PARAMETER,
    KEY_REUSED,
    MALFORMED,
    MALFORMED_JSON,
    MISSING_IDEMPOTENCY_KEY,
    NOT_FOUND,
    PRECONDITION_REQUIRED,
    REFUSED,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
)
from public_site.api.problems import ApiProblem, FieldError
from public_site.api.representations import LINE_COLUMNS, batch_address, batch_line, batch_of
from public_site.api.routing import API, api_route, represented
from public_site.api.schemas import BATCH_ID, Batch, BatchPage, RecordsBatch, State
from public_site.rendering import SiteRequest, site_address
from public_site.workplace.act_recording import note_act
from public_site.workplace.received_files import FORM_BYTES_MAX

IDENTIFIER: Final = re.compile(BATCH_ID)
CURSOR: Final = re.compile(r"([0-9T:Z-]{20})_([0-9a-f]{32})")
VERSION_TAG: Final = re.compile(r'(?:W/)?"([0-9]{1,15})(?:-[0-9a-f]+)?"')
ANY_VERSION: Final = "*"
LOOK_AGAIN: Final = {"retry-after": "2"}
SENT: Final = (MALFORMED, MALFORMED_JSON, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_CONTENT)

Submit = Annotated[
    bool,
    QueryParameter(
        description="Submit it by itself once the check finds nothing. 检查无误后自动提交复核。"
    ),
]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description=(
            "Required. 1 to 100 visible ASCII characters, new for each batch; the same for every"
            " repetition of the same request. 必填：每个批次一个，重发时不变。"
        ),
    ),
]
IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description="ETag of the batch as it was seen; its version counts. 所见版本的 ETag。",
    ),
]
BatchId = FromPath[str]


@api_route(
    HttpMethod.POST,
    "/batches",
    scope=Scope.BATCHES_WRITE,
    operation="makeBatch",
    summary=Message("Hand in a batch"),
    problems=(*SENT, MISSING_IDEMPOTENCY_KEY, KEY_REUSED),
    responses={
        200: ResponseSpec(
            Batch,
            generate_examples=False,
            description="The same request made this batch before (idempotency-replayed: true)",
        )
    },
    act="report_batch",
    operation_class=BatchBody,
    status_code=202,
    response_description="Taken; a job checks it. Read it again at the address in Location",
    request_max_body_size=FORM_BYTES_MAX,
)
async def make_batch(
    request: SiteRequest, idempotency_key: IdempotencyKey = None, submit: Submit = False
) -> Response[Batch]:
    """Take records (JSON) or a donation list (form); nothing is in the ledger before approval."""
    program, store = program_of(request), _store(request)
    sent = await read_sent(request)
    mark = request_mark(idempotency_key, sent, submit=submit)
    posting: asyncio.Lock = request.app.state.api_posting
    async with posting:
        there = await earlier_batch(program.token, mark)
        batch = there or await _draft(store, program, sent, mark)
    note_act(request, subject=batch)
    view = await _view(request, batch)
    headers = {"location": batch_address(request, batch)}
    if there:
        replayed = headers | {"idempotency-replayed": "true"}
        return await _answer(request, view, headers=replayed)
    request.app.state.jobs.wake(batch)
    return await _answer(request, view, status=202, headers=headers | LOOK_AGAIN)


async def _draft(
    store: BatchStore, program: TokenActor, sent: RecordsBatch | SentList, mark: str
) -> str:
    """Hand in what was sent, as the token's maker.

    Raises:
        ApiProblem: it cannot be taken, or the key was used for another content.
    """
    try:
        if isinstance(sent, SentList):
            return await draft_list(
                store,
                person=program.actor.person,
                organisation=program.organisation,
                fund=sent.form.fund,
                file_name=sent.file_name,
                content=sent.content,
                options=_options(sent),
                origin="api",
                token=program.token,
                idempotency_key=mark,
            )
        return await draft_records(
            store,
            person=program.actor.person,
            organisation=program.organisation,
            title=sent.title,
            content=_content(sent),
            origin="api",
            token=program.token,
            idempotency_key=mark,
        )
    except KeyUsed as error:
        raise ApiProblem(KEY_REUSED) from error
    except Refused as error:
        raise ApiProblem(INVALID_CONTENT, error.message) from error


def _content(sent: RecordsBatch) -> RecordsContent:
    return RecordsContent(records=sent.records, accept=sent.accept)


def _options(sent: SentList) -> ListOptions:
    form = sent.form
    return ListOptions(
        given_day=form.given_day,
        accept=form.accept,
        consent=form.consent,
        columns=dict(form.columns),
        receipts=form.receipts,
    )


@api_route(
    HttpMethod.GET,
    "/batches",
    scope=Scope.BATCHES_READ,
    operation="listBatches",
    summary=Message("List batches, the newest first"),
)
async def list_batches(
    request: SiteRequest,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    cursor: Annotated[
        str | None, QueryParameter(description="from the address of the page before")
    ] = None,
    in_state: Annotated[
        State | None, QueryParameter(name="state", description="only in this state")
    ] = None,
) -> Response[BatchPage]:
    """List the batches of the organisation, whoever made them."""
    query = BatchTable.select(*(getattr(BatchTable, name) for name in LINE_COLUMNS)).where(
        BatchTable.organisation == program_of(request).organisation
    )
    if in_state is not None:
        query = query.where(BatchTable.state == in_state)
    if cursor is not None:
        made_at, batch = _cursor(cursor)
        query = query.where(
            (BatchTable.made_at < made_at)
            | ((BatchTable.made_at == made_at) & (BatchTable.id < batch))
        )
    rows = await query.order_by(BatchTable.made_at, BatchTable.id, ascending=False).limit(limit + 1)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        chosen = {"limit": limit, "cursor": f"{last['made_at']}_{last['id']}"}
        chosen |= {"state": in_state} if in_state else {}
        following = f"{site_address(request)}{API}/batches?{urlencode(chosen)}"
    lines = [batch_line(request, row) for row in rows[:limit]]
    return represented(request, BatchPage(batches=lines, next=following))


def _cursor(text: str) -> tuple[str, str]:
    found = CURSOR.fullmatch(text)
    if found is None:
        raise ApiProblem(
            INVALID_PARAMETER,
            errors=(
                FieldError(
                    "cursor",
                    Message("This cursor is none of ours."),
                    Message("Follow the address in “next” as it is."),
                ),
            ),
        )
    return found[1], found[2]


@api_route(
    HttpMethod.GET,
    "/batches/{batch:str}",
    scope=Scope.BATCHES_READ,
    operation="readBatch",
    summary=Message("Read a batch"),
    problems=(NOT_FOUND,),
)
async def read_batch(request: SiteRequest, batch: BatchId) -> Response[Batch]:
    """Say how far a batch is, what the check found, and where it stands in the ledger."""
    return await _answer(request, await _view(request, batch))


@api_route(
    HttpMethod.PUT,
    "/batches/{batch:str}",
    scope=Scope.BATCHES_WRITE,
    operation="replaceBatch",
    summary=Message("Replace the content of an open batch"),
    problems=(*SENT, NOT_FOUND, REFUSED, CHANGED_MEANWHILE, PRECONDITION_REQUIRED),
    act="change_batch",
    operation_class=BatchBody,
    status_code=202,
    response_description="Taken; a job checks it anew",
    request_max_body_size=FORM_BYTES_MAX,
)
async def replace_batch(
    request: SiteRequest, batch: BatchId, if_match: IfMatch = None
) -> Response[Batch]:
    """Put other content into a batch that is not submitted."""
    program, store = program_of(request), _store(request)
    view = await _view(request, batch)
    if if_match is None:
        raise ApiProblem(PRECONDITION_REQUIRED)
    version = _seen_version(view, if_match)
    sent = await read_sent(request)
    whose = {"person": program.actor.person, "organisation": program.organisation}
    if isinstance(sent, SentList) is not (view.content == LIST):
        raise ApiProblem(
            INVALID_CONTENT,
            Message("A list stays a list, and records stay records: hand in a batch of its own."),
        )
    if isinstance(sent, SentList):
        await change_list(
            store,
            **whose,
            batch=batch,
            seen_version=version,
            options=_options(sent),
            fund=sent.form.fund,
            file_name=sent.file_name,
            content=sent.content,
        )
    else:
        await change_records(
            store,
            **whose,
            batch=batch,
            seen_version=version,
            content=_content(sent),
            title=sent.title,
        )
    request.app.state.jobs.wake(batch)
    return await _answer(request, await _view(request, batch), status=202, headers=LOOK_AGAIN)


@api_route(
    HttpMethod.POST,
    "/batches/{batch:str}/submit",
    scope=Scope.BATCHES_WRITE,
    operation="submitBatch",
    summary=Message("Submit a batch that is ready"),
    problems=(NOT_FOUND, REFUSED, CHANGED_MEANWHILE),
    act="submit_batch",
    status_code=200,
)
async def submit_batch(
    request: SiteRequest, batch: BatchId, if_match: IfMatch = None
) -> Response[Batch]:
    """Hand it to a second person, who approves or rejects it in the workplace."""
    return await _moved(request, batch, if_match, submit)


@api_route(
    HttpMethod.POST,
    "/batches/{batch:str}/withdraw",
    scope=Scope.BATCHES_WRITE,
    operation="withdrawBatch",
    summary=Message("Withdraw a batch that is not approved yet"),
    problems=(NOT_FOUND, REFUSED, CHANGED_MEANWHILE),
    act="withdraw_batch",
    status_code=200,
)
async def withdraw_batch(
    request: SiteRequest, batch: BatchId, if_match: IfMatch = None
) -> Response[Batch]:
    """Take it back; its content is removed."""
    return await _moved(request, batch, if_match, withdraw)


async def _moved(
    request: SiteRequest, batch: str, if_match: str | None, act: Any
) -> Response[Batch]:
    program, view = program_of(request), await _view(request, batch)
    version = view.version if if_match is None else _seen_version(view, if_match)
    await act(
        _store(request),
        person=program.actor.person,
        organisation=program.organisation,
        batch=batch,
        seen_version=version,
    )
    return await _answer(request, await _view(request, batch))


def _store(request: SiteRequest) -> BatchStore:
    store: BatchStore = request.app.state.batches
    return store


async def _view(request: SiteRequest, batch: str) -> BatchView:
    """Return a batch of the token's organisation.

    Raises:
        ApiProblem: there is none; another organisation's is none either.
    """
    if IDENTIFIER.fullmatch(batch) is None:
        raise ApiProblem(NOT_FOUND)
    view = await find_batch(_store(request), program_of(request).organisation, batch)
    if view is None or not view.is_own:
        raise ApiProblem(NOT_FOUND)
    return view


def _seen_version(view: BatchView, if_match: str) -> int:
    """Return the version that a program saw, if it is the present one.

    Raises:
        ApiProblem: it is another one.
    """
    seen = {int(found[1]) for found in VERSION_TAG.finditer(if_match)}
    if if_match.strip() != ANY_VERSION and view.version not in seen:
        raise ApiProblem(CHANGED_MEANWHILE)
    return view.version


async def _answer(
    request: SiteRequest,
    view: BatchView,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    waits = LOOK_AGAIN if view.state in WAITING_FOR_JOB else {}
    model = await batch_of(request, _store(request), view)
    return represented(
        request, model, version=view.version, status=status, headers=waits | (headers or {})
    )


ROUTES = (make_batch, list_batches, read_batch, replace_batch, submit_batch, withdraw_batch)
