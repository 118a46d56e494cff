"""Provides `charity receipt`: the file by which anybody can check one entry, offline."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from ledger.kinds import parse_entry
from ledger.log import Ledger
from ledger.messages import Refused, WrongUse
from ledger.reading import ProvenEntry, read_proven_entry
from ledger.receipt import (
    RECEIPT_ENDING,
    Receipt,
    donor_commitment,
    make_receipt,
    verify_receipt,
)
from ledger.signing.notes import VerifierKey
from ledger.vault.reading import known_donors
from ledger.vault.vault import Opening
from ledger.witnessing.client import read_witnesses
from public_site.commands.charity_group import (
    json_option,
    print_json,
    read_settings,
    say,
    with_ledger,
)


@click.command()
@click.argument("position", type=click.IntRange(min=0))
@click.option(
    "--opening",
    is_flag=True,
    help="Put the donor's name and salt into it. Only for the donor, who may show it to others.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; by default POSITION.receipt.json here. It must not exist yet.",
)
@json_option
def receipt(position: int, opening: bool, output: Path | None, as_json: bool) -> None:
    """Write the receipt of the entry at POSITION: entry, proof and signed checkpoint in one file.

    Anybody can check it with `charity verify FILE` or on the page of the site, offline.
    """
    witnesses = read_witnesses(read_settings().witnesses_file)
    witness_keys = [witness.key for witness in witnesses]

    async def make(ledger: Ledger) -> Receipt:
        return await _receipt(ledger, position, witness_keys, with_opening=opening)

    path = output or Path(f"{position}{RECEIPT_ENDING}")
    _write(path, with_ledger(make).format())
    if as_json:
        print_json({"position": position, "file": str(path), "opening": opening})
        return
    say("The receipt of entry {position} is in {path}.", position=position, path=path)
    if opening:
        say("It holds the donor's name: hand it to nobody but the donor, and delete it here.")


async def _receipt(
    ledger: Ledger, position: int, witness_keys: Sequence[VerifierKey], *, with_opening: bool
) -> Receipt:
    try:
        proven = await read_proven_entry(position)
    except LookupError as error:
        raise WrongUse("There is no entry {position} in the log.", position=position) from error
    opening = await _opening(ledger, position, proven) if with_opening else None
    made = make_receipt(proven.body, proven.proof, ledger.verifier_key, witness_keys, opening)
    verify_receipt(made, [ledger.verifier_key])  # never hand out what does not hold
    return made


async def _opening(ledger: Ledger, position: int, proven: ProvenEntry) -> Opening:
    """Return what opens the commitment of a gift's donor.

    Raises:
        Refused: the entry holds no commitment, or the vault does not know the donor any more.
    """
    facts = parse_entry(proven.body).facts
    if donor_commitment(facts) is None:
        raise Refused(
            "Entry {position} holds no donor's commitment, so there is nothing to open.",
            position=position,
        )
    *_, reference, _ = facts.listed()
    known = await known_donors(ledger.vault, [reference])
    if reference not in known:
        raise Refused(
            "The vault does not know the donor of entry {position}: the name was erased, and with"
            " it the salt. The receipt without the opening can still be made.",
            position=position,
        )
    return known[reference].identity


def _write(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise WrongUse(
            "There is a file {path} already; name another one with -o.", path=path
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
