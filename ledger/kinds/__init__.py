"""Provides the kinds of entries: each one declared in its own module, collected here."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import msgspec

from ledger.entries import Entry
from ledger.kinds.correction import CORRECTION
from ledger.kinds.disclosure import DISCLOSURE
from ledger.kinds.donation import DONATION
from ledger.kinds.expenditure import EXPENDITURE
from ledger.kinds.kind import Kind
from ledger.kinds.onward_transfer import ONWARD_TRANSFER
from ledger.kinds.refund import REFUND
from ledger.messages import Refused

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (DONATION, ONWARD_TRANSFER, EXPENDITURE, REFUND, CORRECTION, DISCLOSURE)
    }
)

_decode = msgspec.json.Decoder(Entry).decode


def parse_entry(body: bytes) -> Entry:
    """Return the entry that these bytes hold, with the facts of its kind.

    Raises:
        Refused: the bytes are no entry, its kind is unknown, its facts do not fit its kind, or its
            postings are not those that its kind makes of them.
    """
    try:
        entry = _decode(body)
        date.fromisoformat(entry.day)
        kind = KINDS[entry.kind]
        facts = msgspec.convert(entry.facts, kind.facts)
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise Refused("This is no entry of the ledger: {reason}", reason=error) from error
    if facts.postings(entry.organisation) != entry.postings:
        raise Refused("The postings of entry {id} do not follow from its facts.", id=entry.id)
    return msgspec.structs.replace(entry, facts=facts)
