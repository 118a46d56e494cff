"""Provides the kinds of entries: each one declared in its own module, collected here."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import msgspec

from ledger.canonical import decode
from ledger.entries import Entry, entry_bytes
from ledger.kinds.correction import CORRECTION
from ledger.kinds.disclosure import DISCLOSURE
from ledger.kinds.donation import DONATION
from ledger.kinds.donation_receipt import DONATION_RECEIPT
from ledger.kinds.donor_merge import DONOR_MERGE
from ledger.kinds.donor_separation import DONOR_SEPARATION
from ledger.kinds.erasure import ERASURE
from ledger.kinds.expenditure import EXPENDITURE
from ledger.kinds.filing import FILING
from ledger.kinds.goods_distribution import GOODS_DISTRIBUTION
from ledger.kinds.goods_donation import GOODS_DONATION
from ledger.kinds.key_rotation import KEY_ROTATION
from ledger.kinds.kind import Kind
from ledger.kinds.onward_transfer import ONWARD_TRANSFER
from ledger.kinds.ownership import OWNERSHIP
from ledger.kinds.ownership_end import OWNERSHIP_END
from ledger.kinds.pledge import PLEDGE
from ledger.kinds.receipt_void import RECEIPT_VOID
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import REVERSAL
from ledger.kinds.seal import SEAL
from ledger.kinds.statement import STATEMENT
from ledger.kinds.trust_contribution import TRUST_CONTRIBUTION
from ledger.kinds.trust_distribution import TRUST_DISTRIBUTION
from ledger.messages import Refused

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            DONATION,
            GOODS_DONATION,
            PLEDGE,
            ONWARD_TRANSFER,
            EXPENDITURE,
            GOODS_DISTRIBUTION,
            REFUND,
            REVERSAL,
            CORRECTION,
            DONATION_RECEIPT,
            RECEIPT_VOID,
            DONOR_MERGE,
            DONOR_SEPARATION,
            OWNERSHIP,
            OWNERSHIP_END,
            TRUST_CONTRIBUTION,
            TRUST_DISTRIBUTION,
            DISCLOSURE,
            FILING,
            STATEMENT,
            SEAL,
            KEY_ROTATION,
            ERASURE,
        )
    }
)

_decode = msgspec.json.Decoder(Entry).decode


def parse_entry(body: bytes) -> Entry:
    """Return the entry that these bytes hold, with the facts of its kind.

    Raises:
        Refused: the bytes are no entry, its kind is unknown, its facts do not fit its kind, its
            postings are not those that its kind makes of them, or it names no organisation
            although its kind needs one.
    """
    try:
        entry = _decode(body)
        date.fromisoformat(entry.day)
        kind = KINDS[entry.kind]
        facts = msgspec.convert(entry.facts, kind.facts)
    except (msgspec.MsgspecError, KeyError, ValueError, RecursionError) as error:
        raise Refused("This is no entry of the ledger: {reason}", reason=error) from error
    if not kind.of_either and (entry.organisation is None) != kind.of_log:
        raise Refused(
            "Entry {id} must name its organisation, unless it is an entry of the log itself.",
            id=entry.id,
        )
    if facts.postings(entry.organisation or "") != entry.postings:
        raise Refused("The postings of entry {id} do not follow from its facts.", id=entry.id)
    return msgspec.structs.replace(entry, facts=facts)


def parse_canonical_entry(body: bytes) -> Entry:
    """Return the entry that these bytes hold, if they are the one canonical way to write it.

    Structs are written with their fields in order, and their integers are bounded, so that what
    is written again as the same bytes is canonical.

    Raises:
        Refused: as `parse_entry`; or the bytes are not canonical JSON.
    """
    entry = parse_entry(body)
    if entry_bytes(entry) != body:
        decode(body)  # says what is not canonical
        raise Refused("Entry {id} is not written as its kind writes it.", id=entry.id)
    return entry
