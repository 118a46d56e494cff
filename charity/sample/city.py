"""Provides the invented city of `city.toml`: organisations, funds, campaigns and projects."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from charity.organisations.registry import OrganisationKind
from charity.organisations.uscc import complete_code

COMMUNITY_WEIGHT: Final = 3
SUBJECT_START: Final = 900
"""Subject numbers of the invented organisations begin with zeros, which no registrar issues."""


@dataclass(frozen=True, slots=True)
class SampleFund:
    """A restricted fund, filled by a campaign and spent on a project."""

    code: str
    name: str
    purpose: str
    campaign: str


@dataclass(frozen=True, slots=True)
class SampleOrganisation:
    """An invented charity; `weight` is its share of the city's gifts, relative to the others."""

    code: str
    name: str
    kind: OrganisationKind
    district: str
    weight: int
    project_code: str
    project_name: str
    fund: SampleFund | None


@cache
def plan() -> dict[str, Any]:
    """Return the whole plan as it stands in `city.toml`."""
    return tomllib.loads(resources.files(__package__).joinpath("city.toml").read_text("utf-8"))


def sample_code(type_code: str, area: str, number: int) -> str:
    """Return a well-formed credit code that belongs to nobody."""
    return complete_code(f"{type_code}{area}{SUBJECT_START + number:08d}")


def _organisation(number: int, entry: dict[str, Any]) -> SampleOrganisation:
    fund = None
    if "fund" in entry:
        code, name, purpose = entry["fund"]
        fund = SampleFund(code, name, purpose, entry["campaign"])
    project_code, project_name = entry.get("project", ("city-grants", "示例全市资助项目"))
    return SampleOrganisation(
        code=sample_code(entry["type_code"], entry["area"], number),
        name=entry["name"],
        kind=OrganisationKind(entry["kind"]),
        district=entry["district"],
        weight=entry["weight"],
        project_code=project_code,
        project_name=project_name,
        fund=fund,
    )


def _community_foundation(number: int, district: dict[str, str]) -> SampleOrganisation:
    place = district["place"]
    return SampleOrganisation(
        code=sample_code("53", district["area"], number),
        name=f"深圳市{place}示例社区基金会",
        kind=OrganisationKind.COMMUNITY_FOUNDATION,
        district=district["name"],
        weight=COMMUNITY_WEIGHT,
        project_code="micro-projects",
        project_name=f"示例{place}居民微项目",
        fund=SampleFund(
            "neighbourhood",
            f"虚构{place}邻里专项",
            f"{place}居民议定的小事",
            f"{place}邻里日（示例募捐）",
        ),
    )


def sample_organisations() -> list[SampleOrganisation]:
    """Return the city's organisations.

    Those of the plan come first, then a community foundation for each of its eleven districts and
    functional areas.
    """
    entries = plan()["organisations"]
    named = [_organisation(number, entry) for number, entry in enumerate(entries)]
    return named + [
        _community_foundation(len(named) + number, district)
        for number, district in enumerate(plan()["districts"])
    ]
