"""Provides `charity rotate-key` and `charity post-quantum-key`."""

import asyncio
from datetime import date, datetime, timedelta
from typing import NamedTuple

import click

from ledger.database.engines import write_transaction
from ledger.kinds import parse_entry
from ledger.messages import Refused, WrongUse
from ledger.reading import read_head
from ledger.signing.keys import (
    POST_QUANTUM_KEY_FILE,
    begin_rotation,
    make_post_quantum_key,
    retire_previous_key,
)
from ledger.signing.notes import open_checkpoint
from ledger.signing.rotation import OVERLAP_DAYS, rotation_entry, rotation_id
from ledger.signing.signatures import SignatureType, VerifierKey
from ledger.tables import LogEntry
from public_site.commands.charity_group import json_option, print_json, read_settings, say
from public_site.formatting import SHENZHEN
from public_site.opening import opened
from public_site.settings import Settings


@click.command("rotate-key")
@click.option("--finish", is_flag=True, help="Retire the old key: 90 days after, at the earliest.")
@click.option("--now", is_flag=True, help="With --finish: do not wait, the old key is in danger.")
@json_option
def rotate_key(finish: bool, now: bool, as_json: bool) -> None:
    """Replace the signing key: the old one names the new one in the log, then both sign.

    Harmless when repeated; stop the site before, and start it again after.
    """
    if now and not finish:
        raise WrongUse("--now belongs to --finish.")
    settings = read_settings()
    if finish:
        asyncio.run(_finish(settings, now=now, as_json=as_json))
    else:
        asyncio.run(_begin(settings, as_json=as_json))


async def _begin(settings: Settings, *, as_json: bool) -> None:
    async with opened(settings) as ledger, write_transaction(ledger.engine):
        new, old = begin_rotation(settings.home)  # under the lock: never two new keys
    async with opened(settings) as ledger:
        if await _rotation(new.verifier, old.verifier) is None:
            async with ledger.write() as writer:
                day = writer.now.astimezone(SHENZHEN).date().isoformat()
                await writer.append([rotation_entry(old, new, day, writer.recorded_at)])
        rotation = await _rotation(new.verifier, old.verifier)
    if rotation is None:
        raise RuntimeError("the entry that was appended is not there")
    if as_json:
        print_json(
            {
                "log_key": str(new.verifier),
                "entry": rotation.position,
                "finish_from": rotation.finish_from.isoformat(),
            }
        )
        return
    say("Entry {index} names the new key. Both keys sign from now on.", index=rotation.position)
    say("The new key, to be published wherever the old one is: {key}", key=new.verifier)
    say(
        "Make a safe copy of the key files, start the site again, and on {day} or later run:"
        " charity rotate-key --finish",
        day=rotation.finish_from.isoformat(),
    )


class Rotation(NamedTuple):
    """A rotation that is in the log: the place of its entry, and when the old key may retire."""

    position: int
    finish_from: date


async def _rotation(new: VerifierKey, old: VerifierKey) -> Rotation | None:
    """Return the rotation from one key to the other; None if the log does not hold it."""
    row = await LogEntry.select().where(LogEntry.id == rotation_id(old, new)).first()
    if row is None:
        return None
    recorded = datetime.fromisoformat(parse_entry(bytes(row["body"])).recorded_at)
    end = recorded.astimezone(SHENZHEN).date() + timedelta(days=OVERLAP_DAYS)
    return Rotation(row["position"], end)


async def _finish(settings: Settings, *, now: bool, as_json: bool) -> None:
    async with opened(settings) as ledger:
        keys = [key for key in ledger.verifier_keys if key.signature_type is SignatureType.ED25519]
        rotation = await _rotation(keys[0], keys[1]) if len(keys) > 1 else None
        if rotation is None:
            raise WrongUse("No rotation is under way. Begin one with: charity rotate-key")
        if not now and ledger.clock().astimezone(SHENZHEN).date() < rotation.finish_from:
            raise Refused(
                "Until {day} both keys sign, so that all who check the log can learn the new one."
                " If the old key is in danger: charity rotate-key --finish --now",
                day=rotation.finish_from.isoformat(),
            )
        await _check_signed_by(keys[0])
        async with write_transaction(ledger.engine):
            retired = retire_previous_key(settings.home)
    if as_json:
        print_json({"retired": str(retired), "entry": rotation.position})
        return
    say("The old key signs no longer. Destroy {path} and all its copies.", path=retired)
    say("Start the site again, so that it lets go of the old key.")


async def _check_signed_by(key: VerifierKey) -> None:
    """Make sure that the new key alone is enough for the newest checkpoint."""
    head = await read_head()
    if head is None:
        return
    try:
        open_checkpoint(head.note, [key], key.name)
    except Refused as refusal:
        raise Refused(
            "The newest checkpoint lacks the signature of the new key: a program that was started"
            " before the rotation is still writing. Stop it, append something, and try again."
        ) from refusal


@click.command("post-quantum-key")
@json_option
def post_quantum_key(as_json: bool) -> None:
    """Make an ML-DSA-44 key, which signs every checkpoint beside the Ed25519 key.

    Harmless when repeated; start the site again after.
    """
    settings = read_settings()
    key = make_post_quantum_key(settings.home).verifier
    if as_json:
        print_json({"log_key": str(key)})
        return
    say(
        "From the next entry on the log signs with an ML-DSA-44 key too. Make a safe copy of"
        " {path}, start the site again, and publish this key beside the other:",
        path=settings.home / POST_QUANTUM_KEY_FILE,
    )
    click.echo(key)
