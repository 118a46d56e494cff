"""Provides `charity witness`: a witness for a partner to run, beside no ledger of its own."""

import socket
from pathlib import Path

import click
import uvicorn

from ledger.messages import WrongUse
from ledger.signing.notes import NoteError, SignatureType, VerifierKey
from ledger.witnessing.store import opened_witness
from ledger.witnessing.witness import Witness
from public_site.commands.charity_group import say


def _parse_log(text: str) -> tuple[VerifierKey, str]:
    """Return a log's verifier key, and what to call it: after "@", else its origin."""
    name, _, rest = text.strip().partition("+")
    material, _, label = rest.partition("@")
    try:
        key = VerifierKey.parse(f"{name}+{material}")
    except NoteError as error:
        raise WrongUse(
            "The key given is no verifier key: {reason}", reason=error.message
        ) from error
    if key.signature_type is SignatureType.COSIGNATURE:
        raise WrongUse("The key {name} is a witness's, not a log's.", name=key.name)
    return key, label or key.name


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise WrongUse(
            "Port {port} of {host} cannot be used: {reason}. Choose another with --port.",
            port=port,
            host=host,
            reason=error.strerror,
        ) from error


@click.command()
@click.option(
    "--home",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The witness's folder: its key and what it cosigned. Never copy it, never restore it.",
)
@click.option("--name", help="The witness's name, such as witness.example.org; fixed at the start.")
@click.option(
    "--log",
    "logs",
    required=True,
    multiple=True,
    metavar="KEY[@NAME]",
    help="The verifier key of a log to follow, and what to call it. Repeat it for each log or key.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8010, show_default=True, type=click.IntRange(1, 65535))
def witness(home: Path, name: str | None, logs: tuple[str, ...], host: str, port: int) -> None:
    """Run a witness: it cosigns what continues the checkpoint that it cosigned before.

    \b
    charity witness --home witness --name witness.example.org --log 'KEY@慈善之城'
    """  # noqa: D301 (click reads the control character)
    parsed = [_parse_log(log) for log in logs]
    labels = {key.name: label for key, label in parsed}
    with opened_witness(home, name) as (signing_key, store):
        from public_site.witness_app import create_witness_app  # noqa: PLC0415 (takes a second)

        app = create_witness_app(
            Witness(signing_key, [key for key, _ in parsed], store), store, labels
        )
        with _listen(host, port) as listener:
            say("The witness's verifier key: {key}", key=signing_key.verifier)
            say(
                "The witness is on {address} – stop it with Ctrl+C.",
                address=f"http://{host}:{port}/",
            )
            config = uvicorn.Config(app, log_level="warning", server_header=False)
            uvicorn.Server(config).run(sockets=[listener])
