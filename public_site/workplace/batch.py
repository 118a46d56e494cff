"""Provides the page of one batch: what it waits for, what it would do, what became of it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from charity.people.roles import Permission
from charity.reporting.batches.drafting import LIST
from charity.reporting.batches.ledger_changes import LEDGER_CHANGED
from charity.reporting.batches.reading import FORM, BatchView, batch_receipt, find_batch
from charity.reporting.batches.schemas import BatchReport
from charity.reporting.batches.states import WAITING_FOR_JOB, BatchState
from charity.reporting.batches.store import BatchStore
from ledger.messages import Message
from public_site.downloads import csv_response, csv_stream
from public_site.formatting import day
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.settings import Language
from public_site.translations import translator
from public_site.workplace.batch_details import record_details
from public_site.workplace.batch_preview import (
    ShownRows,
    counts,
    preview_pages,
    report_rows,
    shown_effects,
    shown_rows,
)
from public_site.workplace.batch_problems import problem_groups, problem_rows
from public_site.workplace.batch_words import (
    ORIGINS,
    STATE_MARKS,
    STATES,
    stage_text,
)
from public_site.workplace.list_forms import ListForm, fund_options
from public_site.workplace.mend_words import in_browser
from public_site.workplace.received_files import FILE_MIB_MAX
from public_site.workplace.record_words import TITLES
from public_site.workplace.routing import workplace, workplace_page
from public_site.workplace.visiting import actor_of_request

PATH: Final = "/{language:str}/workplace/{code:str}/batches/{batch:str}"
PREVIEWED: Final = frozenset({BatchState.READY, BatchState.SUBMITTED})
PAGES_MAX: Final = 100_000
WITH_SCRIPT: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The policy of a page whose batch is under way: its own script may ask how far it is."""


async def batch_of(request: SiteRequest, code: str, batch: str) -> BatchView:
    """Return a batch that this organisation may see.

    Raises:
        NotFoundException: there is none.
    """
    found = await find_batch(request.app.state.batches, code, batch)
    if found is None:
        raise NotFoundException
    return found


def history(view: BatchView, language: Language) -> list[dict[str, object]]:
    """Return who did what when, the earliest first."""
    translate = translator(language)
    # Whoever rejects a batch decides on it, too: that is told once.
    approved_at = None if view.state is BatchState.REJECTED else view.decided_at
    steps: tuple[tuple[str | None, str | None, Message], ...] = (
        (view.made_at, view.made_by_name, Message("handed in")),
        (view.submitted_at, view.submitted_by_name, Message("submitted for approval")),
        (view.agreed_at, view.agreed_by_name, Message("agreed for the giving organisation")),
        (view.rejected_at, view.rejected_by_name, Message("rejected")),
        (approved_at, view.decided_by_name, Message("approved")),
        (view.appended_at, None, Message("entered into the ledger")),
    )
    told = [
        {"at": datetime.fromisoformat(at), "who": who or "", "what": what.text(translate)}
        for at, who, what in steps
        if at is not None
    ]
    return sorted(told, key=lambda step: str(step["at"]))


def period_of(report: BatchReport, language: Language) -> str:
    """Return the first and the last day of a batch's rows, as people read them."""
    days = [one for one in (report.first_day, report.last_day) if one]
    texts = [day(datetime.fromisoformat(one).date(), language) for one in dict.fromkeys(days)]
    return " – ".join(texts)


def shown_title(view: BatchView, language: Language) -> str:
    """Return what a batch is called: a form's single record in the language of whoever reads."""
    report = view.report
    title, _ = TITLES.get((report and report.kind) or "", (None, None))
    if view.origin != FORM or report is None or title is None:
        return view.title
    return f"{title.text(translator(language))} {report.first_day}"


def is_previewed(view: BatchView) -> bool:
    """Return whether the rows of a batch are shown: they are kept, and worth looking at."""
    if view.state is BatchState.REJECTED:
        return view.may_change
    return view.state in PREVIEWED or (
        view.state is BatchState.PROBLEMS and _ledger_changed(view.report) and view.may_change
    )


def _ledger_changed(report: BatchReport | None) -> bool:
    return report is not None and any(one.code == LEDGER_CHANGED for one in report.notices)


def shown_batch(view: BatchView, language: Language) -> dict[str, Any]:
    """Return what lists and pages show of a batch itself."""
    translate = translator(language)
    report = view.report
    return {
        "id": view.id,
        "title": shown_title(view, language),
        "state": view.state.value,
        "state_text": STATES[view.state].text(translate),
        "mark": STATE_MARKS[view.state],
        "origin": ORIGINS[view.origin].text(translate),
        "is_own": view.is_own,
        "is_list": view.content == "list",
        "organisation_name": view.organisation_name,
        "counterpart_name": view.counterpart_name if view.counterpart else "",
        "version": view.version,
        "digest": view.digest,
        "reason": view.reason or "",
        "rejected_at": datetime.fromisoformat(view.rejected_at) if view.rejected_at else None,
        "rejected_by": view.rejected_by_name or "",
        "fund": view.fund or "",
        "made_at": datetime.fromisoformat(view.made_at),
        "made_by": view.made_by_name,
        "decided_by": view.decided_by_name or "",
        "agreed": view.agreed_at is not None,
        "approved": view.decided_at is not None,
        "rows": report.rows if report else None,
        "total_fen": report.total if report else None,
        "problems": len(report.problems) if report else 0,
        "first_position": view.first_position,
        "entries": view.entries,
        "last_position": (view.first_position or 0) + (view.entries or 1) - 1,
        "receipts": view.options.receipts,
        "issued": view.options.receipts and view.state is BatchState.APPENDED,
    }


def progress_of(store: BatchStore, view: BatchView, language: Language) -> dict[str, Any]:
    """Return how far the job of a batch is: stage in words, rows done of all."""
    told = store.drafts.progress(view.id) if view.state in WAITING_FOR_JOB else None
    stage, done, total = (told.stage, told.done, told.total) if told else ("wait", 0, 0)
    return {
        "state": view.state.value,
        "version": view.version,
        "text": stage_text(stage, translator(language)),
        "done": done,
        "total": total,
    }


async def _rows(store: BatchStore, view: BatchView, page: int, language: Language) -> ShownRows:
    """Return a page of the preview; another organisation sees its own transfers only."""
    if view.report is not None and not view.is_own:
        return await report_rows(view.report, view.organisation, language)
    return await shown_rows(store.drafts, view.id, view.version, page, view.organisation, language)


async def _report_context(
    request: SiteRequest, view: BatchView, page: int, language: Language
) -> dict[str, object]:
    translate, report = translator(language), view.report
    if report is None:
        nothing: dict[str, object] = {"groups": [], "accepted": [], "notices": [], "details": {}}
        return {"report": None, "rows": None, **nothing}
    store: BatchStore = request.app.state.batches
    rows = await _rows(store, view, page, language) if is_previewed(view) else None
    details: Mapping[str, object] = {}
    if rows is not None and view.content != LIST:
        # Another organisation is shown what the rows say that it sees, and no other.
        places = [int(row.place) for row in rows.rows]
        details = await record_details(store, view, places, translate)
    return {
        "report": {"period": period_of(report, language), "counts": counts(report, language)},
        "groups": problem_groups(report.problems, translate),
        "accepted": problem_groups(report.accepted, translate),
        "notices": await shown_notices(store, view, language),
        "effects": await shown_effects(report, request.path_params["code"]),
        "rows": rows,
        "details": details,
    }


async def shown_notices(
    store: BatchStore, view: BatchView, language: Language
) -> list[dict[str, str]]:
    """Return the notices about a batch; one that is about another batch leads to it."""
    notices = []
    for notice in view.report.notices if view.report is not None else ():
        text = in_browser(notice.message.message(), translator(language))
        other = await find_batch(store, view.organisation, notice.batch) if notice.batch else None
        title = shown_title(other, language) if other is not None else ""
        about = notice.batch or ""
        notices.append({"code": notice.code, "text": text, "batch": about, "title": title})
    return notices


def _form_of(view: BatchView) -> ListForm:
    options = view.options
    return ListForm(
        fund=view.fund or "",
        given_day=options.given_day or "",
        consent=options.consent or "",
        receipts=options.receipts,
        accept=options.accept,
    )


async def show_batch(
    request: SiteRequest,
    language: str,
    view: BatchView,
    *,
    page: int = 1,
    errors: Mapping[str, str] = MappingProxyType({}),
    form: ListForm | None = None,
    status: int = 200,
) -> Response[str]:
    """Return the page of a batch; with errors where a form about it was refused."""
    chosen = language_of(language)
    code: str = request.path_params["code"]
    actor, store = actor_of_request(request), request.app.state.batches
    receipt = await batch_receipt(store, view)
    context = {
        "batch": shown_batch(view, chosen),
        "history": history(view, chosen),
        "progress": progress_of(store, view, chosen),
        "is_open": view.may_change,
        "may_report": view.is_own and actor.may(Permission.REPORT, code),
        "may_decide": actor.may(Permission.DECIDE, code),
        "had_hand": view.has_hand_of(actor.person),
        "decided": view.decided_at is not None if view.is_own else view.agreed_at is not None,
        "receipt": receipt,
        "published_at": datetime.fromisoformat(receipt.published_at) if receipt else None,
        "fund_options": await fund_options(code) if view.is_own else [],
        "form": form or _form_of(view),
        "errors": errors,
        "mib": FILE_MIB_MAX,
        **await _report_context(request, view, page, chosen),
    }
    shown = await workplace(
        request, language, "workplace/batch.html", context, section="batches", status=status
    )
    if view.state in WAITING_FOR_JOB:
        shown.headers["content-security-policy"] = WITH_SCRIPT
    return shown


@workplace_page(PATH, permission=Permission.SEE_REPORTS)
async def batch_page(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    batch: FromPath[str],
    page: Annotated[int, QueryParameter(ge=1, le=PAGES_MAX)] = 1,
) -> Response[str]:
    """Show one batch."""
    return await show_batch(request, language, await batch_of(request, code, batch), page=page)


@workplace_page(f"{PATH}/progress", permission=Permission.SEE_REPORTS)
async def batch_progress(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[dict[str, Any]]:
    """Tell how far the job of a batch is, for the script of its page."""
    view = await batch_of(request, code, batch)
    told = progress_of(request.app.state.batches, view, language_of(language))
    return Response(told, headers={"cache-control": "no-store"})


@workplace_page(
    f"{PATH}/problems.csv", permission=Permission.SEE_REPORTS, act="download_problems_of_batch"
)
async def batch_problems_csv(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[bytes]:
    """Download all problems of a batch."""
    view = await batch_of(request, code, batch)
    if view.report is None:
        raise NotFoundException
    _ = translator(language_of(language))
    header = [
        _("What"), _("Sheet"), _("Cell"), _("Column"), _("Problem"), _("How to mend it"),
        _("Accept it with"),
    ]  # fmt: skip
    response = csv_response(f"problems-{view.id[:8]}.csv", header, problem_rows(view.report, _))
    response.headers["cache-control"] = "no-store"
    return response


@workplace_page(f"{PATH}/rows.csv", permission=Permission.SEE_REPORTS, act="download_rows_of_batch")
async def batch_rows_csv(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Stream:
    """Download all rows of a batch's preview, with the names as printed."""
    view = await batch_of(request, code, batch)
    if not view.is_own or not is_previewed(view):
        raise NotFoundException
    _ = translator(language_of(language))
    header = [
        _("Place"), _("Kind"), _("Day"), _("Amount"), _("Currency or goods"), _("Fund"),
        _("Who"), _("What becomes of it"),
    ]  # fmt: skip
    pages = preview_pages(request.app.state.batches.drafts, view.id, view.version, _)
    stream = csv_stream(f"rows-{view.id[:8]}.csv", header, pages)
    stream.headers["cache-control"] = "no-store"
    return stream


ROUTES = (batch_page, batch_progress, batch_problems_csv, batch_rows_csv)
