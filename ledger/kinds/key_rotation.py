"""Provides the kind `key_rotation`: the log's next verifier key, vouched for by the old one."""

from typing import Annotated

import msgspec

from ledger.entries import Facts
from ledger.kinds.kind import Kind

KeyText = Annotated[str, msgspec.Meta(min_length=1, max_length=16_000)]
"""Text of a key or a signature; one of ML-DSA-44 has some three thousand characters."""


class KeyRotationFacts(Facts, frozen=True):
    """Facts of a new key: its verifier key, and the old key's signature line over its text."""

    key: KeyText
    proof: KeyText


KEY_ROTATION = Kind("key_rotation", KeyRotationFacts, of_log=True)
