"""Provides `charity verify`: what a stranger runs, without any database of ours."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from ledger.entries import Entry
from ledger.kinds import parse_entry
from ledger.messages import Message, Refused, WrongUse
from ledger.proven_entries import proven_entries
from ledger.receipt import RECEIPT_BYTES_MAX, Receipt, verify_receipt
from ledger.recount import Recount, amount_text
from ledger.signing.notes import Checkpoint, SignatureType, VerifierKey, open_checkpoint
from ledger.signing.rotation import LOG_KEY_FILE, LogSigners
from ledger.signing.signatures import parse_verifier_keys
from ledger.verification import CHECKPOINT, Fetch, folder_fetch, verify_entry, verify_log
from ledger.witnessing.monitoring_folder import confirm_evidence, is_evidence
from public_site.commands.charity_group import json_option, print_json, text
from public_site.commands.progress import progress_bar
from public_site.log_client import http_fetch
from public_site.movements import KIND_LABELS

RECEIPT_MARK = ".receipt"
"""In the name of a receipt; browsers call a second download “7.receipt (1).json”."""


class KeyText(click.ParamType[str]):
    """A key or a file; the environment variable may hold several, one a line."""

    name = "key"
    envvar_list_splitter = "\n"


@click.command()
@click.argument("target")
@click.argument("proof", required=False, type=click.Path(path_type=Path))
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=KeyText(),
    envvar="CHARITY_LOG_KEY",
    help="A verifier key, or a file with one or more; best got by another way than from the log."
    " Repeat it for each key.",
)
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An earlier checkpoint that you kept: checks that nothing before it was changed.",
)
@json_option
def verify(
    target: str, proof: Path | None, keys: tuple[str, ...], since: Path | None, as_json: bool
) -> None:
    """Check a log, or one entry of it, and say in words what was proved.

    \b
    charity verify http://127.0.0.1:8000 --key KEY     every entry of a log on the web
    charity verify FOLDER --key KEY                    every entry of a folder of tiles
    charity verify 7.receipt.json --key KEY            a receipt, offline
    charity verify 7.json 7.tlog-proof --key KEY       one entry with its proof, offline
    """  # noqa: D301 (click reads the control character)
    path = Path(target)
    if target.startswith(("http://", "https://")):
        with http_fetch(target) as fetch:
            findings, warnings = _verify_whole(fetch, keys, since)
    elif is_evidence(path):
        findings, warnings = _verify_evidence(path, keys)
    elif path.is_dir():
        findings, warnings = _verify_whole(folder_fetch(path), keys, since)
    elif path.is_file() and proof is None and RECEIPT_MARK in path.name:
        findings, warnings = _verify_receipt(path, keys)
    elif path.is_file():
        findings, warnings = _verify_one(path, proof or _proof_beside(path), keys), []
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


def _verify_evidence(path: Path, keys: Sequence[str]) -> tuple[list[Message], list[Message]]:
    """Return what evidence against a log shows, and whether it is proof to everybody."""
    if not keys:
        raise WrongUse("Give the log's verifier key with --key KEY.")
    shown = confirm_evidence(path, _given_keys(keys))
    holds = Message("The evidence holds: {reason}", reason=shown.reason)
    if shown.convicts:
        contradiction = Message(
            "Two checkpoints that the log's own key signed contradict each other."
        )
        return [holds, contradiction], []
    return [holds], [
        Message("What was served bears no signature: this is the word of whoever kept it.")
    ]


def _proof_beside(entry: Path) -> Path:
    proof = entry.with_suffix(".tlog-proof")
    if not proof.is_file():
        raise WrongUse(
            "Name the proof too: charity verify {entry} PROOF.tlog-proof --key KEY", entry=entry
        )
    return proof


def _given_keys(keys: Sequence[str]) -> list[VerifierKey]:
    try:
        texts = [
            Path(key).read_text(encoding="utf-8")
            if os.path.isfile(key)  # noqa: PTH113 (a key too long for a path is none)
            else key
            for key in keys
        ]
        return [key for text in texts for key in parse_verifier_keys(text)]
    except Refused as refusal:
        raise WrongUse(
            "The key given is no verifier key: {reason}", reason=refusal.message
        ) from refusal


def _verify_whole(
    fetch: Fetch, keys: Sequence[str], since: Path | None
) -> tuple[list[Message], list[Message]]:
    """Return what was proved about a whole log, and what remains to be doubted."""
    warnings: list[Message] = []
    log_keys = _given_keys(keys) or _own_keys(fetch)
    if not keys:
        warnings.append(
            Message(
                "The key was taken from the log itself. Compare it with the key that the operator"
                " publishes elsewhere: {key}",
                key=log_keys[0],
            )
        )
    signers = LogSigners(fetch, log_keys)
    earlier = _earlier_checkpoint(since, signers.keys) if since is not None else None
    recount = Recount(
        proven_entries(
            signers.fetch,
            lambda: open_checkpoint(signers.fetch(CHECKPOINT).decode(), signers.keys),
        )
    )

    def add(index: int, body: bytes) -> None:
        signers.add(index, body)
        recount.add(index, body)

    with progress_bar() as show:
        report = verify_log(
            signers.fetch,
            signers.keys,
            earlier=earlier,
            on_progress=lambda done, total: show("verify", done, total),
            on_entry=add,
        )
    return [*report.findings, *signers.findings(), *recount.findings()], warnings


def _own_keys(fetch: Fetch) -> list[VerifierKey]:
    """Return the keys that the log gives for itself.

    Its ML-DSA-44 key would prove nothing: whoever forges the log leaves that key out as well.
    """
    try:
        offered = parse_verifier_keys(fetch(LOG_KEY_FILE).decode())
    except LookupError:
        offered = ()
    keys = [key for key in offered if key.signature_type is SignatureType.ED25519]
    if not keys:
        raise WrongUse("Give the log's verifier key with --key KEY.")
    return keys


def _earlier_checkpoint(path: Path, keys: Sequence[VerifierKey]) -> Checkpoint:
    try:
        return open_checkpoint(path.read_text(encoding="utf-8"), keys)
    except Refused as refusal:
        raise Refused(
            "The earlier checkpoint, {path}, cannot be used: {reason}",
            path=path,
            reason=refusal.message,
        ) from refusal


def _verify_one(entry: Path, proof: Path, keys: Sequence[str]) -> list[Message]:
    if not keys:
        raise WrongUse("Give the log's verifier key with --key KEY.")
    try:
        proof_text = proof.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(
            "The proof file {path} cannot be read: {reason}", path=proof, reason=error
        ) from error
    body = entry.read_bytes()
    report = verify_entry(body, proof_text, _given_keys(keys))
    return [*report.findings, _told(parse_entry(body))]


def _verify_receipt(path: Path, keys: Sequence[str]) -> tuple[list[Message], list[Message]]:
    """Return what a receipt proved, and what remains to be doubted."""
    with path.open("rb") as file:
        receipt = Receipt.parse(file.read(RECEIPT_BYTES_MAX + 1))
    report = verify_receipt(receipt, _given_keys(keys))
    return [*report.findings, _told(report.entry)], list(report.warnings)


def _told(entry: Entry) -> Message:
    """Return in words what an entry records."""
    amount, unit, _, _, _ = entry.facts.listed()
    return Message(
        "It records: {kind}, {day}, {organisation}, {amount}.",
        kind=KIND_LABELS[entry.kind],
        day=entry.day,
        organisation=entry.organisation or "–",
        amount=amount_text(amount, unit),
    )
