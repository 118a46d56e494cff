"""Provides reading of a log over HTTP, for whoever verifies it from outside."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ledger.messages import Refused, WrongUse
from ledger.verification import Fetch

TIMEOUT_SECONDS = 30.0
BYTES_MAX = 256 * (65_535 + 2)
"""The largest bundle there can be: 256 entries with their lengths."""


@contextmanager
def http_fetch(address: str) -> Iterator[Fetch]:
    """Yield a function that fetches a path below the log's address.

    The function raises LookupError for what is not there, WrongUse when the log cannot be
    reached, Refused when it answers otherwise than a log does.
    """
    prefix = address.rstrip("/")
    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:

        def fetch(path: str) -> bytes:
            try:
                with client.stream("GET", f"{prefix}/{path}") as response:
                    if response.status_code in {404, 410}:
                        raise LookupError(path)
                    if response.status_code != httpx.codes.OK:
                        raise Refused(
                            "{address} answers {status}.",
                            address=f"{prefix}/{path}",
                            status=response.status_code,
                        )
                    return _body(response)
            except httpx.HTTPError as error:
                raise WrongUse(
                    "{address} cannot be read: {reason}", address=prefix, reason=error
                ) from error

        yield fetch


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > BYTES_MAX:
            raise Refused("{address} answers without end.", address=response.url)
    return bytes(body)
