"""Provides `charity import`."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from charity.reporting.column_mapping import ASSIGNABLE, check_roles
from charity.reporting.dates import GivenDay
from charity.reporting.duplicates import LEDGER_WORDS
from charity.reporting.importing import import_donation_list
from charity.reporting.problems import ACCEPT_WORDS, Notice, Problem
from charity.reporting.requests import ImportRequest, ImportResult
from ledger.log import Ledger
from ledger.messages import Message, Refused, WrongUse
from public_site.commands.charity_group import (
    REFUSED,
    json_option,
    print_json,
    say,
    text,
    with_ledger,
)
from public_site.commands.progress import progress_bar
from public_site.formatting import SHENZHEN, money

PROBLEMS_SHOWN = 20
WORDS = sorted(ACCEPT_WORDS | LEDGER_WORDS)
CELL = re.compile(r"(.+!)?[A-Za-z]{1,3}[0-9]+")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--org",
    "organisation",
    required=True,
    help="Credit code of the organisation that received the gifts.",
)
@click.option("--fund", default="general", show_default=True, help="Fund that the gifts go into.")
@click.option(
    "--date",
    "given",
    help="Where the list does not state it: 2020-01-28, 2020 or 2020-01-22/2020-01-28.",
)
@click.option(
    "--consent",
    help="On what basis its persons agreed to be named; without it they are shown as 爱心人士.",
)
@click.option(
    "--accept",
    multiple=True,
    help=f"Accept a problem by its cell ('Sheet1!A222') or word: {', '.join(WORDS)}.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="Read a column as something else than its header says: '姓名=donor', '#C=remark' (the"
    f" third, without a header). Roles: {', '.join(ASSIGNABLE)}. Remembered for the next list.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, append nothing.")
@json_option
def import_list(
    file: Path,
    organisation: str,
    fund: str,
    given: str | None,
    consent: str | None,
    accept: tuple[str, ...],
    columns: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Append a published donation list (.xlsx, .xls, .csv): all of it, or nothing.

    A row that cannot be read, or a total that does not agree, stops the file until it is mended or
    accepted. The same file again, or the same gifts under another title, appends nothing.
    """
    request = ImportRequest(
        path=file,
        organisation=organisation,
        fund=fund,
        given_day=_given_day(given),
        consent=_given_consent(consent),
        accept=_given_words(accept),
        columns=_given_columns(columns),
        dry_run=dry_run,
        today=datetime.now(SHENZHEN).date(),
    )

    async def work(ledger: Ledger) -> ImportResult:
        if ledger.sample:
            _warn_of_sample()
        with progress_bar() as show:
            return await import_donation_list(ledger, request, show)

    result = with_ledger(work)
    if as_json:
        print_json(_as_json(result))
    else:
        _print_summary(result, dry_run=dry_run)
    if result.problems:
        raise SystemExit(REFUSED)


def _warn_of_sample() -> None:
    """Say that this ledger is a sample: real data would be shown as invented."""
    warning = Message(
        "Beware: this is the sample ledger; its pages say that everything is invented. For real"
        " data choose another CHARITY_HOME and run: charity init"
    )
    click.secho(text(warning), err=True, fg="yellow")


def _given_day(given: str | None) -> GivenDay | None:
    try:
        return GivenDay.parse(given) if given else None
    except Refused as refusal:
        raise WrongUse("--date: {reason}", reason=refusal.message) from refusal


def _given_consent(consent: str | None) -> str | None:
    if consent is not None and not consent.strip():
        raise WrongUse("--consent needs words: the basis on which the persons agreed.")
    return consent


def _given_words(accept: tuple[str, ...]) -> tuple[str, ...]:
    for word in accept:
        if word not in WORDS and not CELL.fullmatch(word):
            raise WrongUse(
                "--accept {word}: there is no such word. Give a cell, or one of {words}.",
                word=word,
                words=", ".join(WORDS),
            )
    return accept


def _given_columns(columns: tuple[str, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    for column in columns:
        header, _, role = (part.strip() for part in column.rpartition("="))
        if not header or header in given:
            raise WrongUse("--column {column}: give each as 'HEADER=role', once.", column=column)
        given[header] = role
    try:
        check_roles(given)
    except Refused as refusal:
        raise WrongUse("--column: {reason}", reason=refusal.message) from refusal
    return given


def _as_json(result: ImportResult) -> dict[str, Any]:
    gifts = result.donation_list
    return {
        "appended": result.appended,
        "rows": len(gifts.rows),
        "total_fen": gifts.total_fen,
        "stated_total_fen": gifts.stated_total_fen,
        "stated_count": gifts.stated_count,
        "known": result.known,
        "known_examples": result.known_examples,
        "skipped": gifts.skipped,
        "onward_transfers": {"rows": result.transferred_rows, "total_fen": result.transferred_fen},
        "first_position": result.positions.start if result.appended else None,
        "disclosure_position": result.disclosure,
        "problems": [
            {**_told(problem), "mend": text(problem.mend), "accept": problem.accept}
            for problem in result.problems
        ],
        "accepted": [_told(problem) for problem in gifts.accepted],
        "notices": [_told(notice) for notice in result.notices],
    }


def _told(item: Problem | Notice) -> dict[str, Any]:
    return {
        "code": item.code,
        "sheet": item.sheet,
        "cell": item.cell,
        "message": text(item.message),
    }


def _place(item: Problem | Notice) -> str:
    if item.cell is None:
        return ""
    return f"{item.sheet}!{item.cell}  " if item.sheet else f"{item.cell}  "


def _print_summary(result: ImportResult, *, dry_run: bool) -> None:
    gifts = result.donation_list
    if gifts.rows:
        say("{rows} gifts, {total} in all.", rows=len(gifts.rows), total=money(gifts.total_fen))
    if gifts.skipped:
        say("{count} rows are left out, as accepted.", count=gifts.skipped)
    for accepted in gifts.accepted[:PROBLEMS_SHOWN]:
        said = text(accepted.message)
        say("· Accepted: {place}{problem}", place=_place(accepted), problem=said)
    for notice in result.notices:
        click.echo(f"· {_place(notice)}{text(notice.message)}")
    for problem in result.problems[:PROBLEMS_SHOWN]:
        _print_problem(problem)
    if len(result.problems) > PROBLEMS_SHOWN:
        say("… and {count} more.", count=len(result.problems) - PROBLEMS_SHOWN)
    if result.known:
        say("{count} are in the ledger already.", count=result.known)
    _print_outcome(result, dry_run=dry_run)


def _print_problem(problem: Problem) -> None:
    click.secho(f"✗ {_place(problem)}{text(problem.message)}", fg="red")
    click.echo(f"    {text(problem.mend)}")
    if problem.accept is None:
        return
    if problem.cell is not None:
        say(
            "    Accept this row: --accept '{sheet}!{cell}'; all of its kind: --accept {word}",
            sheet=problem.sheet,
            cell=problem.cell,
            word=problem.accept,
        )
    elif problem.code != "rows_known":
        say("    Accept it: --accept {word}", word=problem.accept)


def _print_outcome(result: ImportResult, *, dry_run: bool) -> None:
    if result.problems:
        say("Nothing was appended.")
    elif result.appended:
        if result.transferred_rows:
            say(
                "{count} of them, {total}, come from other charities: recorded as onward"
                " transfers, not as new giving.",
                count=result.transferred_rows,
                total=money(result.transferred_fen),
            )
        say(
            "{count} entries appended, from {first} to {last}.",
            count=result.appended,
            first=result.positions.start,
            last=result.positions.stop - 1,
        )
        if result.disclosure is not None:
            say("What was accepted is recorded in entry {position}.", position=result.disclosure)
    elif dry_run and not result.same_file:
        say("A dry run: nothing was appended. Without --dry-run it would be.")
    else:
        say("Nothing was appended.")
