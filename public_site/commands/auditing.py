"""Provides `charity audit`, `charity rebuild`, `charity restore-entries`: care for the database."""

from pathlib import Path

import click

from ledger.auditing.audit import AuditReport, audit_log
from ledger.auditing.rebuilding import compare_summaries, replace_summaries
from ledger.auditing.restoring import restore_entries as restore
from ledger.log import Ledger
from ledger.messages import Message
from ledger.signing.keys import read_retired_keys
from ledger.verification import folder_fetch
from public_site.commands.charity_group import (
    REFUSED,
    json_option,
    print_json,
    read_settings,
    say,
    text,
    with_ledger,
)
from public_site.commands.progress import progress_bar


@click.command()
@json_option
def audit(as_json: bool) -> None:
    """Check everything that the database holds against everything else.

    Every signature, leaf, tile, sum of postings, reference, balance, total, line of a list and
    series of receipts. Exit status 1 if something is wrong.
    """
    retired = read_retired_keys(read_settings().home)

    async def check(ledger: Ledger) -> AuditReport:
        with progress_bar() as show:
            return await audit_log(ledger, retired, lambda done, total: show("audit", done, total))

    report = with_ledger(check)
    problems = [text(problem) for problem in report.problems]
    if as_json:
        print_json(
            {
                "entries": report.entries,
                "sound": not report.problem_count,
                "findings": [text(finding) for finding in report.findings],
                "problems": problems,
                "problem_count": report.problem_count,
            }
        )
    else:
        for finding in report.findings:
            click.echo(f"✓ {text(finding)}")
        _show_problems(problems, report.problem_count)
    if report.problem_count:
        raise click.exceptions.Exit(REFUSED)


def _show_problems(problems: list[str], count: int) -> None:
    for problem in problems:
        click.echo(f"✗ {problem}")
    if count > len(problems):
        say("… and {count} more.", count=count - len(problems))


@click.command()
@click.option("--replace", is_flag=True, help="Put the rebuilt summaries in place of the others.")
@json_option
def rebuild(replace: bool, as_json: bool) -> None:
    """Make all summaries again from the log alone, and compare them row by row.

    Exit status 1 if a row differs and is not replaced.
    """

    async def compare(ledger: Ledger) -> list[Message]:
        with progress_bar() as show:
            return await compare_summaries(ledger, lambda done, total: show("rebuild", done, total))

    async def put(ledger: Ledger) -> int:
        with progress_bar() as show:
            return await replace_summaries(ledger, lambda done, total: show("rebuild", done, total))

    differences = with_ledger(compare)
    if replace and differences:
        with_ledger(put)
    told = [text(difference) for difference in differences[:DIFFERENCES_TOLD]]
    if as_json:
        replaced = bool(replace and differences)
        print_json({"differences": told, "count": len(differences), "replaced": replaced})
    else:
        _show_problems(told, len(differences))
        _say_outcome(bool(differences), replace)
    if differences and not replace:
        raise click.exceptions.Exit(REFUSED)


@click.command("restore-entries")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def restore_entries(folder: Path, as_json: bool) -> None:
    """Bring back from exported files what an old copy of the database lacks.

    Nothing is changed unless the files, signed by this log, continue the database. Names in the
    vault do not come back with the entries.
    """

    async def bring_back(ledger: Ledger) -> range:
        with progress_bar() as show:
            return await restore(
                ledger, folder_fetch(folder), lambda done, total: show("append", done, total)
            )

    positions = with_ledger(bring_back)
    if as_json:
        print_json({"first": positions.start, "restored": len(positions)})
    else:
        say("{count} entries were brought back.", count=len(positions))


DIFFERENCES_TOLD = 100


def _say_outcome(differs: bool, replace: bool) -> None:
    if not differs:
        say("✓ All summaries are exactly what the log says.")
    elif replace:
        say("The summaries were replaced by what the log says.")
    else:
        say("Put the rebuilt summaries in their place with: charity rebuild --replace")
