"""Provides `charity monitor`: follows someone's log and shouts at the first inconsistency."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

from ledger.log import utc_now
from ledger.messages import Message, Refused, WrongUse
from ledger.signing.notes import SignatureType, VerifierKey
from ledger.witnessing.monitoring import Followed, Following, InconsistencyError, UnavailableError
from ledger.witnessing.monitoring_folder import KEPT, Kept, keep, read_kept, write_evidence
from public_site.commands.charity_group import (
    REFUSED,
    WRONG_USE,
    json_option,
    print_json,
    read_settings,
    text,
)
from public_site.formatting import SHENZHEN
from public_site.log_client import http_fetch


@dataclass(frozen=True, slots=True)
class _Rounds:
    """How a log is followed."""

    address: str
    keys: tuple[VerifierKey, ...]
    folder: Path
    entries: bool
    max_age: int | None
    as_json: bool
    clock: Callable[[], datetime] = utc_now


@click.command()
@click.argument("address", metavar="URL")
@click.option(
    "--key",
    "log_keys",
    required=True,
    multiple=True,
    envvar="CHARITY_LOG_KEY",
    help="The log's verifier key, got by another way than from the log. Repeat it for each key.",
)
@click.option(
    "--witness",
    "witness_keys",
    multiple=True,
    help="The verifier key of a witness whose cosignatures are checked too.",
)
@click.option("--every", default=60.0, show_default=True, type=click.FloatRange(min=0.1))
@click.option("--once", is_flag=True, help="One round; status 2 if the log cannot be reached.")
@click.option("--entries/--no-entries", default=True, help="Read the new entries too.")
@click.option(
    "--max-age",
    type=click.IntRange(min=1),
    help="Warn when the checkpoint has been the same for so many seconds.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the last checkpoint and for evidence; by default in CHARITY_HOME.",
)
@json_option
def monitor(
    address: str,
    log_keys: tuple[str, ...],
    witness_keys: tuple[str, ...],
    every: float,
    once: bool,
    entries: bool,
    max_age: int | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Follow a log: prove at every round that it only grew, and keep evidence if it did not.

    Exit status 1 at the first inconsistency. A log that is down proves nothing: it is tried again.
    """
    keys = (*_parsed(log_keys), *_parsed(witness_keys))
    if keys[0].signature_type is SignatureType.COSIGNATURE:
        raise WrongUse("The key {name} is a witness's, not a log's.", name=keys[0].name)
    folder = home or read_settings().home / "monitor" / re.sub(r"[^\w.-]", "_", keys[0].name)
    rounds = _Rounds(address, keys, folder, entries, max_age, as_json)
    while True:
        status = _round(rounds)
        if status == REFUSED or once:
            raise click.exceptions.Exit(status)
        time.sleep(every)


def _parsed(texts: tuple[str, ...]) -> tuple[VerifierKey, ...]:
    try:
        return tuple(VerifierKey.parse(line) for given in texts for line in _lines(given))
    except Refused as refusal:
        raise WrongUse(
            "The key given is no verifier key: {reason}", reason=refusal.message
        ) from refusal


def _lines(given: str) -> list[str]:
    """Return the keys of an option: a key itself, or a file with one on each line."""
    path = Path(given)
    return (path.read_text(encoding="utf-8") if path.is_file() else given).split() or [given]


def _round(rounds: _Rounds) -> int:
    """Follow the log once, say what came of it, and return the exit status."""
    kept = read_kept(rounds.folder, rounds.keys)
    with http_fetch(rounds.address) as fetch:
        following = Following(fetch, rounds.keys)
        try:
            followed = following.check(
                kept.checkpoint if kept is not None else None, entries=rounds.entries
            )
        except UnavailableError as error:
            _warn(rounds, Message("The log cannot be read now: {reason}", reason=error.reason))
            return WRONG_USE
        except InconsistencyError as error:
            _shout(rounds, error, kept, following)
            return REFUSED
    now = rounds.clock()
    kept = keep(rounds.folder, followed.checkpoint, followed.note, kept, now)
    _tell(rounds, kept, followed)
    return 0


def _tell(rounds: _Rounds, kept: Kept, followed: Followed) -> None:
    """Say that the log is consistent, and warn if its checkpoint is old."""
    age = rounds.clock() - kept.changed
    old = rounds.max_age is not None and age > timedelta(seconds=rounds.max_age)
    if rounds.as_json:
        print_json(
            {
                "consistent": True,
                "since": kept.since.isoformat(),
                "size": kept.checkpoint.size,
                "new_entries": followed.new_entries,
                "witnesses": list(followed.witnesses),
                "old": old,
            }
        )
        return
    sentence = Message(
        "✓ consistent since {since}, {size} entries, {new} of them read now.",
        since=_moment(kept.since),
        size=kept.checkpoint.size,
        new=followed.new_entries,
    )
    click.echo(text(sentence))
    for name in followed.witnesses:
        click.echo(text(Message("✓ The witness {name} signed the checkpoint too.", name=name)))
    if old:
        _warn(
            rounds,
            Message("The checkpoint is the same since {when}.", when=_moment(kept.changed)),
        )


def _moment(value: datetime) -> str:
    return f"{value.astimezone(SHENZHEN):%Y-%m-%d %H:%M:%S}"


def _warn(rounds: _Rounds, message: Message) -> None:
    if rounds.as_json:
        print_json({"warning": text(message)})
    else:
        click.secho(f"! {text(message)}", fg="yellow", err=True)


def _shout(
    rounds: _Rounds, error: InconsistencyError, kept: Kept | None, following: Following
) -> None:
    """Keep the evidence, and say loudly what contradicts what."""
    now = rounds.clock()
    explanation = _explanation(rounds, error, kept, now)
    evidence = write_evidence(rounds.folder, explanation, kept, following.files, rounds.keys, now)
    if rounds.as_json:
        print_json(
            {
                "consistent": False,
                "reason": text(error.reason),
                "convicts": error.convicts,
                "evidence": str(evidence),
            }
        )
    heading = text(Message("THE LOG IS NOT CONSISTENT: {reason}", reason=error.reason))
    click.secho(heading, fg="red", bold=True, err=True)
    where = text(Message("The evidence is in {folder}. Keep it safe.", folder=evidence))
    click.secho(where, fg="red", err=True)


def _explanation(
    rounds: _Rounds, error: InconsistencyError, kept: Kept | None, now: datetime
) -> str:
    """Return the text that goes with the evidence."""
    parts = [
        Message("Evidence against the log {origin}", origin=rounds.keys[0].name),
        Message("Found on {when} at {address}.", when=_moment(now), address=rounds.address),
        error.reason,
    ]
    if kept is not None:
        parts.append(
            Message(
                "{kept} is what the log had signed before, seen on {when}; log/checkpoint is what"
                " it served now.",
                kept=KEPT,
                when=_moment(kept.changed),
            )
        )
    parts.append(
        Message(
            "The log's own key signed both, and they contradict each other: nobody but the owner of"
            " that key can have made them."
        )
        if error.convicts
        else Message(
            "What was served, and when, bears no signature: for others this is your word. Compare"
            " with other monitors and witnesses."
        )
    )
    parts.append(Message("To check it again, without the log, in this folder:"))
    sentences = "\n\n".join(text(part) for part in parts)
    return f"{sentences}\n\n    charity verify . --key '{rounds.keys[0]}'\n"
