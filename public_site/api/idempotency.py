"""Provides idempotency keys: a request that is sent twice makes one batch.

Source: draft-ietf-httpapi-idempotency-key-header-07. What is kept of a request is a hash of its key
and a hash of its content: neither lets anybody read what was sent.
"""

import re
from hashlib import sha256
from typing import Final

from charity.reporting.batches.tables import Batch
from public_site.api.bodies import SentList
from public_site.api.problem_kinds import KEY_REUSED, MISSING_IDEMPOTENCY_KEY
from public_site.api.problems import ApiProblem
from public_site.api.schemas import IDEMPOTENCY_KEY, RecordsBatch

KEY: Final = re.compile(IDEMPOTENCY_KEY)
KEY_DIGITS: Final = 32
TO_BE_SUBMITTED: Final = ".s"
"""Ends the mark of a request that asked for submission as soon as nothing is found."""


def request_mark(key: str | None, sent: RecordsBatch | SentList, *, submit: bool) -> str:
    """Return what is kept of a request beside its batch: at most 99 characters.

    Raises:
        ApiProblem: the key is missing or has a wrong form.
    """
    if key is None or not KEY.fullmatch(key):
        raise ApiProblem(MISSING_IDEMPOTENCY_KEY)
    ending = TO_BE_SUBMITTED if submit else ""
    return f"{_key_hash(key)}.{_fingerprint(sent)}{ending}"


def _key_hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:KEY_DIGITS]


def _fingerprint(sent: RecordsBatch | SentList) -> str:
    if isinstance(sent, RecordsBatch):
        return sha256(sent.model_dump_json().encode()).hexdigest()
    content = sha256(sent.content).hexdigest()
    parts = (content, sha256(sent.file_name.encode()).hexdigest(), sent.form.model_dump_json())
    return sha256("\n".join(parts).encode()).hexdigest()


async def earlier_batch(token: str, mark: str) -> str | None:
    """Return the batch that this very request made before; None if it is new.

    Raises:
        ApiProblem: the key was used for another content.
    """
    rows = await Batch.select(Batch.id, Batch.idempotency_key).where(
        (Batch.token == token) & Batch.idempotency_key.like(f"{mark[:KEY_DIGITS]}.%")
    )
    if not rows:
        return None
    for row in rows:
        if row["idempotency_key"] == mark:
            return str(row["id"])
    raise ApiProblem(KEY_REUSED)


def wants_submission(mark: str | None) -> bool:
    """Return whether a batch is to be submitted as soon as its check finds nothing."""
    return mark is not None and mark.endswith(TO_BE_SUBMITTED)
