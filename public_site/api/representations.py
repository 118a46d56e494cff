"""Provides what the API says about a batch."""

from collections.abc import Mapping, Sequence
from typing import Any

from charity.reporting.batches.effects import effects_now
from charity.reporting.batches.reading import BatchView, batch_receipt
from charity.reporting.batches.schemas import Finding, ToldMessage
from charity.reporting.batches.states import WAITING_FOR_JOB, BatchState
from charity.reporting.batches.store import BatchStore
from public_site.api.idempotency import wants_submission
from public_site.api.routing import API
from public_site.api.schemas import (
    Batch,
    BatchLine,
    CheckProgress,
    Effect,
    FoundProblem,
    LedgerReceipt,
    Report,
    Words,
)
from public_site.api.validation import pointer_of
from public_site.rendering import SiteRequest, page_path, site_address
from public_site.translations import translator
from public_site.workplace.mend_words import in_browser

LINE_COLUMNS = (
    "id",
    "state",
    "version",
    "content",
    "origin",
    "fund",
    "made_at",
    "submitted_at",
    "decided_at",
    "appended_at",
)


def batch_address(request: SiteRequest, batch: str) -> str:
    """Return the address of a batch in the API."""
    return f"{site_address(request)}{API}/batches/{batch}"


def batch_line(request: SiteRequest, row: Mapping[str, Any]) -> BatchLine:
    """Return the line of a batch in a list, from the line of the database."""
    values = {name: row[name] for name in LINE_COLUMNS}
    return BatchLine(url=batch_address(request, row["id"]), **values)


async def batch_of(request: SiteRequest, store: BatchStore, view: BatchView) -> Batch:
    """Return everything that a program may know of a batch; names of people are not in it."""
    line = {name: getattr(view, name) for name in LINE_COLUMNS} | {"state": view.state.value}
    page = page_path("zh", "batch", code=view.organisation, batch=view.id)
    return Batch(
        **line,
        url=batch_address(request, view.id),
        organisation=view.organisation,
        title=view.title,
        page=site_address(request) + page,
        submit=wants_submission(view.idempotency_key),
        reason=view.reason,
        progress=_progress(store, view),
        report=await _report(view),
        receipt=await _receipt(store, view),
    )


def _progress(store: BatchStore, view: BatchView) -> CheckProgress | None:
    told = store.drafts.progress(view.id) if view.state in WAITING_FOR_JOB else None
    if told is None:
        return None
    return CheckProgress(stage=told.stage, done=told.done, total=told.total)


async def _receipt(store: BatchStore, view: BatchView) -> LedgerReceipt | None:
    receipt = await batch_receipt(store, view)
    if receipt is None:
        return None
    return LedgerReceipt(
        first_position=receipt.first,
        entries=receipt.last - receipt.first + 1,
        size=receipt.size,
        root=receipt.root,
        published_at=receipt.published_at,
    )


async def _report(view: BatchView) -> Report | None:
    report = view.report
    if report is None:
        return None
    is_appended = view.state is BatchState.APPENDED
    effects = report.effects if is_appended else await effects_now(report.effects)
    return Report(
        state=report.state,
        problems=_found(report.problems),
        accepted=_found(report.accepted),
        notices=_found(report.notices),
        rows=report.rows,
        new=report.new,
        known=report.known,
        skipped=report.skipped,
        transferred=report.transferred,
        transferred_total=report.transferred_total,
        total=report.total,
        stated_total=report.stated_total,
        first_day=report.first_day,
        last_day=report.last_day,
        effects=[
            Effect(
                organisation=effect.organisation,
                fund=effect.fund,
                unit=effect.unit,
                before=effect.before,
                after=effect.after,
            )
            for effect in effects
        ],
    )


def _found(findings: Sequence[Finding]) -> list[FoundProblem]:
    return [
        FoundProblem(
            code=finding.code,
            message=_words(finding.message),
            mend=None if finding.mend is None else _words(finding.mend),
            sheet=finding.sheet,
            cell=finding.cell,
            header=finding.header,
            pointer=finding.field and pointer_of(tuple(finding.field.split("."))),
            accept=finding.accept,
            batch=finding.batch,
        )
        for finding in findings
    ]


def _words(told: ToldMessage) -> Words:
    message = told.message()
    return Words(zh=in_browser(message, translator("zh")), en=in_browser(message, translator("en")))
