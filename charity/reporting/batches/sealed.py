"""Provides the bytes that are sealed of a batch: choices, reports and rows of the preview."""

from collections.abc import Sequence

import msgspec

from charity.reporting.batches.schemas import BatchReport, ListOptions, PreviewRow

_ENCODER = msgspec.msgpack.Encoder()
_OPTIONS = msgspec.msgpack.Decoder(ListOptions)
_REPORT = msgspec.msgpack.Decoder(BatchReport)
_ROWS = msgspec.msgpack.Decoder(tuple[PreviewRow, ...])


def encode(value: ListOptions | BatchReport | Sequence[PreviewRow]) -> bytes:
    """Return the bytes of choices, of a report, or of rows."""
    return _ENCODER.encode(value)


def decode_options(content: bytes) -> ListOptions:
    """Return the reporter's choices."""
    return _OPTIONS.decode(content)


def decode_report(content: bytes) -> BatchReport:
    """Return what a check found."""
    return _REPORT.decode(content)


def decode_rows(content: bytes) -> tuple[PreviewRow, ...]:
    """Return rows of the preview."""
    return _ROWS.decode(content)
