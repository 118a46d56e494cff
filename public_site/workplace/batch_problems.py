"""Provides the problems of a batch as pages and files show them: by kind, with their places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from charity.reporting.batches.schemas import BatchReport, Finding
from charity.reporting.duplicates import LEDGER_WORDS
from ledger.messages import Message, Translate
from public_site.formatting import sentences
from public_site.workplace.batch_words import accept_text
from public_site.workplace.mend_words import in_browser

SHOWN_OF_A_KIND: Final = 50
RECORD: Final = re.compile(r"records\.([0-9]+)")
ALL_OF: Final = "every:"
"""Begins the value of the box that accepts all problems of one kind."""


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """One problem: where it stands, what it is; `accept` is the value that accepts it alone.

    `accept_text` says what becomes of the row then.
    """

    place: str
    header: str
    text: str
    accept: str | None
    accept_text: str


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Problems of one kind: what the first says, whether all say it; `hidden` are not listed."""

    code: str
    text: str
    is_same: bool
    mend: str | None
    accept_all: str | None
    problems: tuple[ShownProblem, ...]
    count: int
    hidden: int


def place_of(finding: Finding) -> str:
    """Return where a finding stands: sheet and cell, or which record; empty for all of it."""
    record = RECORD.match(finding.field or "")
    if record is not None:
        return f"#{int(record[1]) + 1}"
    if finding.sheet and finding.cell:
        return f"{finding.sheet}!{finding.cell}"
    return finding.cell or finding.sheet or ""


def accepting(finding: Finding) -> str | None:
    """Return the word or cell that accepts this problem and, where it can be told, no other."""
    if finding.accept is None:
        return None
    if finding.field is not None:
        return f"{finding.field}.{finding.accept}"
    if finding.accept in LEDGER_WORDS or finding.sheet is None or finding.cell is None:
        return finding.accept
    return f"{finding.sheet}!{finding.cell}"


def problem_groups(findings: Sequence[Finding], translate: Translate) -> list[ProblemGroup]:
    """Return findings by kind, in the order in which each kind first stands in the file."""
    order = {code: place for place, code in reversed(list(enumerate(one.code for one in findings)))}
    ordered = sorted(findings, key=lambda one: order[one.code])
    return [
        _group(code, tuple(kind), translate)
        for code, kind in groupby(ordered, key=lambda one: one.code)
    ]


def _group(code: str, findings: Sequence[Finding], translate: Translate) -> ProblemGroup:
    texts = [in_browser(one.message.message(), translate) for one in findings]
    mends = {in_browser(one.mend.message(), translate) for one in findings if one.mend is not None}
    shown = tuple(
        ShownProblem(
            place_of(one), one.header or "", text, accepting(one), accept_text(one, translate)
        )
        for one, text in zip(findings[:SHOWN_OF_A_KIND], texts, strict=False)
    )
    can_all = len(findings) > 1 and all(one.accept is not None for one in findings)
    return ProblemGroup(
        code=code,
        text=texts[0],
        is_same=len(set(texts)) == 1,
        mend=sentences(*sorted(mends)) or None,
        accept_all=f"{ALL_OF}{code}" if can_all else None,
        problems=shown,
        count=len(findings),
        hidden=max(0, len(findings) - SHOWN_OF_A_KIND),
    )


def accepted_words(given: Sequence[str], report: BatchReport | None) -> tuple[str, ...]:
    """Return what a form accepts: “all of a kind” becomes the cells that the person was shown.

    A kind's word would accept, too, what a later version of the file brings: cells do not.
    """
    problems = report.problems if report is not None else ()
    words: dict[str, None] = {}
    for value in given:
        if not value.startswith(ALL_OF):
            words[value] = None
            continue
        code = value.removeprefix(ALL_OF)
        words |= dict.fromkeys(
            word for one in problems if one.code == code and (word := accepting(one)) is not None
        )
    return tuple(words)


def problem_rows(report: BatchReport, translate: Translate) -> list[list[str]]:
    """Return the problems, then what was accepted and the notices, as rows of a file."""
    kinds = (
        (Message("to be mended").text(translate), report.problems),
        (Message("accepted").text(translate), report.accepted),
        (Message("notice").text(translate), report.notices),
    )
    return [
        [
            kind,
            one.sheet or "",
            one.cell or one.field or "",
            one.header or "",
            in_browser(one.message.message(), translate),
            in_browser(one.mend.message(), translate) if one.mend else "",
            accepting(one) or "",
        ]
        for kind, findings in kinds
        for one in findings
    ]
