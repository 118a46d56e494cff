"""Provides what all commands share: settings, language, output, and the answer to a refusal."""

import asyncio
import json
import sqlite3
import sys
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import asyncpg
import click
from pydantic import ValidationError

from ledger.log import Ledger
from ledger.messages import Message, Refused, WrongUse
from public_site.opening import opened
from public_site.settings import Settings
from public_site.translations import command_language, translator

Result = TypeVar("Result")

REFUSED = 1
WRONG_USE = 2
UNUSABLE = (
    OSError,
    UnicodeDecodeError,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
"""What a wrong path, a missing right, a full disk or an unreachable database raise."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def read_settings() -> Settings:
    """Return the settings.

    Raises:
        WrongUse: an environment variable has a wrong form.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise WrongUse(
            "The setting CHARITY_{name} is wrong: {reason}",
            name=str(first["loc"][0]).upper(),
            reason=first["msg"],
        ) from error


def text(message: Message) -> str:
    """Return a message in the language of the command line."""
    try:
        chosen = read_settings().language
    except WrongUse:
        chosen = None
    return harmless(message.text(translator(command_language(chosen))))


def harmless(words: str) -> str:
    """Return a text in which nothing steers the terminal: texts of a log may come from anybody."""
    return "".join(
        f"\\u{{{ord(character):x}}}" if _steers(character) else character for character in words
    )


def _steers(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}


def say(template: str, /, **values: object) -> None:
    """Print a sentence in the language of the command line."""
    click.echo(text(Message(template, **values)))


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def with_ledger(work: Callable[[Ledger], Awaitable[Result]]) -> Result:
    """Open the installation's ledger, do the work, close it."""

    async def run() -> Result:
        async with opened(read_settings()) as ledger:
            return await work(ledger)

    return asyncio.run(run())


class CharityGroup(click.Group):
    """The command group that turns a refusal into a clear sentence and the right exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print a refusal instead of a traceback."""
        try:
            return super().invoke(ctx)
        except Refused as refusal:
            _refuse(refusal.message)
            ctx.exit(WRONG_USE if isinstance(refusal, WrongUse) else REFUSED)
        except UNUSABLE as error:
            if isinstance(error, BrokenPipeError):
                raise  # whoever reads has read enough; click ends quietly
            _refuse(Message("A file or the database cannot be used: {reason}", reason=error))
            ctx.exit(WRONG_USE)


def _refuse(message: Message) -> None:
    sentence = text(message)
    if "--json" in sys.argv:
        print_json({"error": sentence})
    click.echo(sentence, err=True)
