"""Provides `charity serve` and `charity export-log`."""

import asyncio
import socket
from pathlib import Path

import click
import uvicorn

from ledger.export import export_log as export_static_log
from ledger.log import Ledger
from ledger.messages import WrongUse
from public_site.commands.charity_group import (
    json_option,
    print_json,
    read_settings,
    say,
    with_ledger,
)
from public_site.commands.progress import progress_bar
from public_site.opening import opened
from public_site.settings import Settings


async def _open_once(settings: Settings) -> None:
    """Open the ledger, so that what is missing or damaged is said before the server starts."""
    async with opened(settings) as ledger:
        await ledger.check_head()


def _check_port(host: str, port: int) -> None:
    """Make sure that nobody else answers at this address."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise WrongUse(
            "Port {port} of {host} cannot be used: {reason}. Choose another with --port.",
            port=port,
            host=host,
            reason=error.strerror,
        ) from error


def serve_site(settings: Settings, host: str, port: int) -> None:
    """Serve the public site until interrupted; the address is printed first."""
    asyncio.run(_open_once(settings))
    from public_site.app import create_app  # noqa: PLC0415 (the web framework takes a second)

    _check_port(host, port)
    say("The site is on {address} – stop it with Ctrl+C.", address=f"http://{host}:{port}/")
    uvicorn.run(
        create_app(settings), host=host, port=port, log_level="warning", server_header=False
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def serve(host: str, port: int) -> None:
    """Serve the public site."""
    serve_site(read_settings(), host, port)


@click.command("export-log")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
def export_log(folder: Path, as_json: bool) -> None:
    """Write the log as static files to FOLDER, for any web server or for `charity verify`."""

    async def export(ledger: Ledger) -> int:
        with progress_bar() as show:
            return await export_static_log(
                folder,
                ledger.verifier_key,
                lambda done, total: show("export", done, total),
                more_keys=ledger.verifier_keys[1:],
            )

    size = with_ledger(export)
    if as_json:
        print_json({"folder": str(folder), "entries": size})
    else:
        say("{count} entries are in {folder}.", count=size, folder=folder)
