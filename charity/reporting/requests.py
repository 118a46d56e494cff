"""Provides what a person asks of an import, and what the import found and did."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from charity.organisations.tables import Organisation
from charity.reporting.dates import GivenDay
from charity.reporting.donation_list import DonationList
from charity.reporting.problems import Notice, Problem
from ledger.accounts import GENERAL_FUND


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person asks for: a file, whose it is, and what he accepts of its problems.

    Attributes:
        path: the file.
        organisation: credit code of the organisation that received the gifts.
        fund: code of the fund they go into.
        given_day: day, year or period, for a list that does not state it.
        consent: the basis on which persons' names may be shown; None hides them.
        accept: words and cells of accepted problems.
        dry_run: check everything, append nothing.
        today: the day in Asia/Shanghai, after which no gift can lie.
    """

    path: Path
    organisation: str
    today: date
    fund: str = GENERAL_FUND
    given_day: GivenDay | None = None
    consent: str | None = None
    accept: Collection[str] = ()
    dry_run: bool = False


@dataclass(slots=True)
class ImportResult:
    """What an import found and did; amounts in fen.

    `known` counts rows that the ledger held before; `appended` gifts that it holds now through
    this import, at `positions`; `disclosure` is the position of the entry that records what was
    accepted of the document as a whole. `same_file`: exactly this file was imported before.
    """

    organisation: Organisation
    donation_list: DonationList
    problems: list[Problem]
    notices: list[Notice]
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
