"""Provides the store of batches: the ledger, the folder of drafts, and what seals both."""

from dataclasses import dataclass
from pathlib import Path

from charity.people.sessions import instant
from charity.reporting.batches.drafts import DraftFolder
from charity.reporting.batches.schemas import BatchReport, ListOptions
from charity.reporting.batches.sealed import decode_options, decode_report, encode
from ledger.log import Ledger
from ledger.vault.envelopes import Envelopes


@dataclass(frozen=True, slots=True)
class BatchStore:
    """Where batches rest: their lines in the database, their content in the folder of drafts."""

    ledger: Ledger
    drafts: DraftFolder
    envelopes: Envelopes

    @classmethod
    def at(cls, ledger: Ledger, folder: Path, envelopes: Envelopes) -> "BatchStore":
        """Return the store whose drafts lie in this folder."""
        return cls(ledger, DraftFolder(folder, envelopes), envelopes)

    def now(self) -> str:
        """Return the present instant as tables keep it (UTC)."""
        return instant(self.ledger.clock())

    def seal_text(self, batch: str, part: str, text: str) -> bytes:
        """Return a text (`title`, `reason`) sealed for its place in a batch's line."""
        return self.envelopes.seal(_place(batch, part), text.encode())

    def open_text(self, batch: str, part: str, sealed: bytes) -> str:
        """Return a sealed text of a batch's line.

        Raises:
            Refused: it was sealed for another place or is damaged.
        """
        return self.envelopes.open(_place(batch, part), sealed).decode()

    def seal_options(self, batch: str, options: ListOptions) -> bytes:
        """Return the reporter's choices sealed for a batch's line."""
        return self.envelopes.seal(_place(batch, "options"), encode(options))

    def open_options(self, batch: str, sealed: bytes) -> ListOptions:
        """Return the reporter's choices.

        Raises:
            Refused: they were sealed for another place or are damaged.
        """
        return decode_options(self.envelopes.open(_place(batch, "options"), sealed))

    def seal_report(self, batch: str, report: BatchReport) -> bytes:
        """Return what a check found, sealed for a batch's line."""
        return self.envelopes.seal(_place(batch, "report"), encode(report))

    def open_report(self, batch: str, sealed: bytes) -> BatchReport:
        """Return what a check found.

        Raises:
            Refused: it was sealed for another place or is damaged.
        """
        return decode_report(self.envelopes.open(_place(batch, "report"), sealed))


def _place(batch: str, part: str) -> str:
    return f"batch/{batch}/{part}"
