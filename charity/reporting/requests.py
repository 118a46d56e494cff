"""Provides what a person asks of an import, and what the import found and did."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from charity.organisations.tables import Organisation
from charity.reporting.batches.schemas import TableHeaders
from charity.reporting.dates import GivenDay
from charity.reporting.donation_list import DonationList
from charity.reporting.problems import Notice, Problem
from charity.reporting.workbooks import ListFile, open_file
from ledger.accounts import GENERAL_FUND
from ledger.appending.writer import Writer

Beside = Callable[[Writer, "ImportResult"], Awaitable[None]]
"""What is to happen in the transaction of an import, after its entries and before the commit."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person asks for: a file, whose it is, and what he accepts of its problems.

    Attributes:
        path: the file; where `content` is given, only its name counts.
        organisation: credit code of the organisation that received the gifts.
        fund: code of the fund they go into.
        given_day: day, year or period, for a list that does not state it.
        consent: the basis on which persons' names may be shown; None hides them.
        accept: words and cells of accepted problems.
        dry_run: check everything, append nothing.
        today: the day in Asia/Shanghai, after which no gift can lie.
        content: the bytes of the file, where it is not to be read from disk.
        columns: role of each column by its header, where a person mapped it by hand;
            the role `ignore` leaves a column out.
        beside: awaited in the same transaction once the entries are in the log, and only if there
            are any; what it raises undoes the whole import.
    """

    path: Path
    organisation: str
    today: date
    fund: str = GENERAL_FUND
    given_day: GivenDay | None = None
    consent: str | None = None
    accept: Collection[str] = ()
    dry_run: bool = False
    content: bytes | None = field(default=None, repr=False)
    columns: Mapping[str, str] = field(default_factory=dict)
    beside: Beside | None = None

    def file(self) -> ListFile:
        """Return the file.

        Raises:
            Refused: it cannot be opened or is too large.
        """
        if self.content is None:
            return open_file(self.path)
        return ListFile(self.path.name, self.content)


@dataclass(slots=True)
class ImportResult:
    """What an import found and did; amounts in fen.

    `tables` are the headers that the file has. `known` counts rows that the ledger held before;
    `appended` gifts that it holds now through this import, at `positions`; `disclosure` is the
    position of the entry that records what was accepted of the document as a whole. `same_file`:
    exactly this file was imported before.
    """

    organisation: Organisation
    donation_list: DonationList
    problems: list[Problem]
    notices: list[Notice]
    tables: tuple[TableHeaders, ...] = ()
    known: int = 0
    known_examples: list[str] = field(default_factory=list)
    transferred_fen: int = 0
    transferred_rows: int = 0
    appended: int = 0
    positions: range = range(0)
    disclosure: int | None = None
    same_file: bool = False

    def settle(self, request: ImportRequest, problem: Problem, *words: str) -> bool:
        """Put a problem among those accepted by one of `words`, or among those that stop the file.

        Returns:
            Whether it is accepted.
        """
        accepted = any(word in request.accept for word in words)
        (self.donation_list.accepted if accepted else self.problems).append(problem)
        return accepted
