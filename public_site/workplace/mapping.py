"""Provides the page that tells what each column of a list is, where it was not recognised."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec.structs import replace

from charity.people.roles import Permission
from charity.reporting.batches.drafting import change_list
from charity.reporting.batches.reading import BatchView
from charity.reporting.batches.schemas import TableHeaders
from charity.reporting.batches.store import BatchStore
from charity.reporting.cells import column_letters
from charity.reporting.table_headers import read_headers, remembered_columns
from ledger.messages import Message, Refused
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.batch import PATH, batch_of, shown_batch
from public_site.workplace.batch_words import ROLES
from public_site.workplace.list_forms import seen_version
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page
from public_site.workplace.visiting import actor_of_request

NO_ROLE: Final = "none"
IGNORE: Final = "ignore"
AMOUNT: Final = "amount"


def field_name(table: int, column: int) -> str:
    """Return the name of the field of one column."""
    return f"role-{table}-{column}"


def _shown_role(role: str | None) -> str:
    """Return the choice that is shown for a role: a column to be left out is not needed."""
    return NO_ROLE if role in {None, IGNORE} else str(role)


def shown_tables(tables: Sequence[TableHeaders], mapped: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the tables of a file with the role of each column: by hand, or as recognised."""
    return [
        {
            "sheet": table.sheet,
            "row": table.row,
            "columns": [
                {
                    "field": field_name(at, column),
                    "header": header,
                    "letter": header[1:] if header == f"#{column_letters(column)}" else "",
                    "role": _shown_role(mapped.get(header) or table.roles[column]),
                    "recognised": table.roles[column] is not None,
                    "samples": table.samples[column] if column < len(table.samples) else (),
                }
                for column, header in enumerate(table.headers)
                if header
            ],
        }
        for at, table in enumerate(tables)
    ]


def chosen_columns(tables: Sequence[TableHeaders], form: Mapping[str, object]) -> dict[str, str]:
    """Return header → role as the person chose it, for every column that has a header.

    Raises:
        Refused: two columns of a table are to be the amount, or none is.
    """
    columns: dict[str, str] = {}
    for at, table in enumerate(tables):
        roles = []
        for column, header in enumerate(table.headers):
            role = form.get(field_name(at, column), NO_ROLE)
            roles.append(role)
            if header:
                columns[header] = str(role) if role in ROLES else IGNORE
        if roles.count(AMOUNT) != 1 and any(role not in {NO_ROLE, IGNORE} for role in roles):
            raise Refused(
                "In the table of sheet “{sheet}” exactly one column must be the amount.",
                sheet=table.sheet,
            )
    if AMOUNT not in columns.values():
        raise Refused("Say at least which column is the amount.")
    return columns


async def tables_of(store: BatchStore, view: BatchView) -> tuple[TableHeaders, ...]:
    """Return the headers of a list: as its check kept them, else from the file itself.

    A file in which no table was recognised is not checked, and so nothing of it is kept.
    """
    if view.report is not None and view.report.tables:
        return view.report.tables
    try:
        content = await asyncio.to_thread(store.drafts.read, view.id, view.version)
        return await asyncio.to_thread(read_headers, view.title, content)
    except Refused:
        return ()


async def _shown(
    request: SiteRequest, language: str, view: BatchView, refusal: Refused | None = None
) -> Response[str]:
    chosen = language_of(language)
    translate = translator(chosen)
    tables = await tables_of(request.app.state.batches, view)
    mapped = view.options.columns or await remembered_columns(view.organisation, tables)
    labels = [(NO_ROLE, Message("Not needed")), *ROLES.items()]
    context = {
        "batch": shown_batch(view, chosen),
        "tables": shown_tables(tables, mapped),
        "roles": [(role, label.text(translate)) for role, label in labels],
        "errors": {"": refusal.message.text(translate)} if refusal is not None else {},
    }
    return await workplace(
        request,
        language,
        "workplace/mapping.html",
        context,
        section="batches",
        status=200 if refusal is None else 422,
    )


async def _mappable(request: SiteRequest, code: str, batch: str) -> BatchView:
    view = await batch_of(request, code, batch)
    if not view.is_own or view.content != "list" or not view.may_change or view.report is None:
        raise NotFoundException
    return view


@workplace_page(f"{PATH}/columns", permission=Permission.REPORT)
async def mapping(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str]:
    """Show the columns of a list and what each of them is taken for."""
    return await _shown(request, language, await _mappable(request, code, batch))


@workplace_action(f"{PATH}/columns", permission=Permission.REPORT, act="change_batch")
async def map_columns(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], batch: FromPath[str]
) -> Response[str] | Redirect:
    """Take what each column is and check the list again.

    It is remembered for the next list of this form once this one is in the ledger.
    """
    view = await _mappable(request, code, batch)
    tables = await tables_of(request.app.state.batches, view)
    form = await request.form()
    try:
        columns = chosen_columns(tables, form)
        await change_list(
            request.app.state.batches,
            person=actor_of_request(request).person,
            organisation=code,
            batch=batch,
            seen_version=await seen_version(request),
            options=replace(view.options, columns=columns),
        )
    except Refused as refusal:
        return await _shown(request, language, await batch_of(request, code, batch), refusal)
    request.app.state.jobs.wake(batch)
    return see_other(language, "batch", code=code, batch=batch)


ROUTES = (mapping, map_columns)
