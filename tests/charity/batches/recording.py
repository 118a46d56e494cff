"""Provides a ledger with two organisations, and records that tests report into it."""

from datetime import date
from pathlib import Path
from typing import Any

from charity.organisations.registry import add_fund, add_organisation
from charity.organisations.uscc import complete_code
from charity.projects.tables import Project
from charity.reporting.batches.drafts import DraftFolder
from charity.reporting.batches.recording import append_records, check_records
from charity.reporting.batches.records import RecordsContent
from charity.reporting.batches.schemas import BatchReport
from charity.reporting.batches.store import BatchStore
from ledger.log import Ledger
from ledger.tables import Balance
from ledger.vault.envelopes import Envelopes
from tests.conftest import ORGANISATION

TODAY = date(2026, 1, 2)
OTHER = "53330000501874064B"
OTHER_NAME = "另一示例基金会"
SHOP = complete_code("9144030000000900")
"""The well-formed code of a company that is none."""

BATCH = "ab" * 16
PERSON = {"name": "虚构张三"}
COMPANY = {"name": "虚构图画书店有限公司", "is_organisation": True, "choice": "with_amount"}


async def registered(ledger: Ledger, folder: Path) -> BatchStore:
    """Register a second organisation, a restricted fund and two projects; return the store."""
    await add_organisation(OTHER, OTHER_NAME)
    await add_fund(ORGANISATION, "water", "虚构饮水专项基金", restricted=True, purpose="饮水")
    for code, fund in (("school", "general"), ("wells", "water")):
        await Project.insert(
            Project(
                organisation=ORGANISATION, code=code, name=f"示例项目{code}", fund=fund, budget=None
            )
        )
    envelopes = Envelopes(bytes(32))
    return BatchStore(ledger, DraftFolder(folder, envelopes), envelopes)


def record(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a record as a program sends it; `fields` differ from the usual."""
    usual: dict[str, dict[str, Any]] = {
        "gift": {"amount": 10_000, "donor": PERSON},
        "goods_gift": {"pieces": 30, "goods": "示例口罩", "measure": "个", "donor": PERSON},
        "spending": {
            "amount": 100,
            "project": "school",
            "purpose": "program",
            "description": "示例支出",
        },
        "goods_distribution": {
            "pieces": 10,
            "goods": "示例口罩",
            "measure": "个",
            "project": "school",
            "description": "示例发放",
        },
        "transfer": {"amount": 100, "giver": OTHER},
        "refund": {"gift": 0, "amount": 100, "reason": "mistake"},
        "reversal": {"entry": 0, "reason": "虚构的误记"},
        "correction": {
            "entry": 0,
            "field": "用途",
            "old": "旧",
            "new": "新",
            "reason": "笔误",
            "by": "财务部",
        },
        "pledge": {"amount": 10_000, "donor": PERSON},
    }
    return {"kind": kind, "day": "2026-01-01", **usual[kind], **fields}


def content_of(*records: dict[str, Any], accept: tuple[str, ...] = ()) -> RecordsContent:
    """Return records as content of a batch."""
    return RecordsContent.model_validate({"records": records, "accept": accept})


async def check(
    store: BatchStore, *records: dict[str, Any], accept: tuple[str, ...] = ()
) -> BatchReport:
    """Check records of ORGANISATION."""
    return await check_records(store, ORGANISATION, content_of(*records, accept=accept), TODAY)


async def append(
    store: BatchStore,
    *records: dict[str, Any],
    accept: tuple[str, ...] = (),
    batch: str = BATCH,
    organisation: str = ORGANISATION,
) -> range:
    """Append records in a write of their own."""
    async with store.ledger.write() as writer:
        content = content_of(*records, accept=accept)
        return await append_records(store, writer, organisation, content, batch)


def found(report: BatchReport) -> list[tuple[str, str | None]]:
    """Return code and field of the problems of a report."""
    return [(problem.code, problem.field) for problem in report.problems]


async def balances() -> dict[tuple[str, str], int]:
    """Return what every account holds, by account and unit."""
    rows = await Balance.select()
    return {(row["account"], row["unit"]): int(row["amount"]) for row in rows}
