"""Provides `charity verify`: what a stranger runs, without any database of ours."""

from pathlib import Path

import click

from ledger.entries import Entry
from ledger.kinds import parse_entry
from ledger.messages import Message, Refused, WrongUse
from ledger.notes import Checkpoint, VerifierKey, open_checkpoint
from ledger.recount import Recount, yuan
from ledger.verification import Fetch, folder_fetch, verify_entry, verify_log
from public_site.commands.charity_group import json_option, print_json, text
from public_site.commands.progress import progress_bar
from public_site.log_client import http_fetch
from public_site.movements import KIND_LABELS

KEY_FILE = "log-key"


@click.command()
@click.argument("target")
@click.argument("proof", required=False, type=click.Path(path_type=Path))
@click.option(
    "--key",
    envvar="CHARITY_LOG_KEY",
    help="The log's verifier key, or a file with it; best got by another way than from the log.",
)
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An earlier checkpoint that you kept: checks that nothing before it was changed.",
)
@json_option
def verify(
    target: str, proof: Path | None, key: str | None, since: Path | None, as_json: bool
) -> None:
    """Check a log, or one entry of it, and say in words what was proved.

    \b
    charity verify http://127.0.0.1:8000 --key KEY     every entry of a log on the web
    charity verify FOLDER --key KEY                    every entry of a folder of tiles
    charity verify 7.json 7.tlog-proof --key KEY       one entry with its proof, offline
    """  # noqa: D301 (click reads the control character)
    path = Path(target)
    if target.startswith(("http://", "https://")):
        with http_fetch(target) as fetch:
            findings, warnings = _verify_whole(fetch, key, since)
    elif path.is_dir():
        findings, warnings = _verify_whole(folder_fetch(path), key, since)
    elif path.is_file():
        findings, warnings = _verify_one(path, proof or _proof_beside(path), key), []
    else:
        raise WrongUse("{target} is no address, no folder and no file.", target=target)
    proved, doubted = [text(finding) for finding in findings], [text(one) for one in warnings]
    if as_json:
        print_json({"verified": True, "findings": proved, "warnings": doubted})
        return
    for sentence in proved:
        click.echo(f"✓ {sentence}")
    for sentence in doubted:
        click.echo(f"! {sentence}")


def _proof_beside(entry: Path) -> Path:
    proof = entry.with_suffix(".tlog-proof")
    if not proof.is_file():
        raise WrongUse(
            "Name the proof too: charity verify {entry} PROOF.tlog-proof --key KEY", entry=entry
        )
    return proof


def _given_key(key: str) -> VerifierKey:
    try:
        return VerifierKey.parse(_text_of(Path(key)) if Path(key).is_file() else key.strip())
    except Refused as refusal:
        raise WrongUse(
            "The key given is no verifier key: {reason}", reason=refusal.message
        ) from refusal


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _verify_whole(
    fetch: Fetch, key: str | None, since: Path | None
) -> tuple[list[Message], list[Message]]:
    """Return what was proved about a whole log, and what remains to be doubted."""
    warnings: list[Message] = []
    if key is not None:
        log_key = _given_key(key)
    else:
        log_key = _own_key(fetch)
        warnings.append(
            Message(
                "The key was taken from the log itself. Compare it with the key that the operator"
                " publishes elsewhere: {key}",
                key=log_key,
            )
        )
    earlier = _earlier_checkpoint(since, log_key) if since is not None else None
    recount = Recount()
    with progress_bar() as show:
        report = verify_log(
            fetch,
            [log_key],
            earlier=earlier,
            on_progress=lambda done, total: show("verify", done, total),
            on_entry=recount.add,
        )
    return [*report.findings, *recount.findings()], warnings


def _own_key(fetch: Fetch) -> VerifierKey:
    try:
        return VerifierKey.parse(fetch(KEY_FILE).decode().strip())
    except LookupError as error:
        raise WrongUse("Give the log's verifier key with --key KEY.") from error


def _earlier_checkpoint(path: Path, key: VerifierKey) -> Checkpoint:
    try:
        return open_checkpoint(path.read_text(encoding="utf-8"), [key])
    except Refused as refusal:
        raise Refused(
            "The earlier checkpoint, {path}, cannot be used: {reason}",
            path=path,
            reason=refusal.message,
        ) from refusal


def _verify_one(entry: Path, proof: Path, key: str | None) -> list[Message]:
    if key is None:
        raise WrongUse("Give the log's verifier key with --key KEY.")
    try:
        proof_text = proof.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(
            "The proof file {path} cannot be read: {reason}", path=proof, reason=error
        ) from error
    body = entry.read_bytes()
    report = verify_entry(body, proof_text, [_given_key(key)])
    return [*report.findings, _told(parse_entry(body))]


def _told(entry: Entry) -> Message:
    """Return in words what an entry records."""
    amount, _, _, _ = entry.facts.listed()
    return Message(
        "It records: {kind}, {day}, {organisation}, {amount} yuan.",
        kind=KIND_LABELS[entry.kind],
        day=entry.day,
        organisation=entry.organisation,
        amount=yuan(amount),
    )
