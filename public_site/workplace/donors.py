"""Provides the donors in the workplace: who gave, who may be one donor, what was decided.

A foundation sees its own donors, the supervision all; the pages are the same.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from litestar import Response
from litestar.params import FromPath, QueryParameter

from charity.donors.directory import DonorLine, donor_lines, lines_with
from charity.donors.relations import REFERENCE, Decided, Standing, standing_relations
from charity.donors.same_names import Likeness
from charity.donors.suggestions import Suggestion, suggestions
from charity.organisations.tables import Organisation
from charity.people.roles import Permission
from ledger.entries import CURRENCY
from ledger.kinds.ownership import OwnershipFacts
from ledger.messages import Message, Translate
from public_site.entry_facts import BASIS_LABELS
from public_site.formatting import amount_in
from public_site.languages import language_of
from public_site.movements import shown_names
from public_site.related_donors import unnamed_label
from public_site.rendering import SiteRequest, page_path
from public_site.translations import translator
from public_site.workplace.form_fields import read_fields
from public_site.workplace.receipts import today
from public_site.workplace.routing import workplace, workplace_action, workplace_page
from public_site.workplace.visiting import actor_of_request

OWN: Final = "/{language:str}/workplace/{code:str}/donors"
ALL: Final = "/{language:str}/workplace/donors"
DONORS_ON_A_PAGE: Final = 50
SUGGESTIONS_ON_A_PAGE: Final = 10
DECISIONS_SHOWN: Final = 100
RECEIVERS_SHOWN: Final = 3
PAGE_MAX: Final = 1_000_000
PAGE_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")
QUERY_CHARACTERS_MAX: Final = 100
LIKENESS_LABELS: Final = {
    Likeness.WRITING: Message("Only the writing differs: width, brackets, blanks, old characters."),
    Likeness.PLACE: Message("Only the place before the name, or in brackets, differs."),
    Likeness.FORM: Message("Only the legal form is written in another way."),
    Likeness.SLIP: Message("One character differs: perhaps a slip of the pen."),
}
DONE: Final = {
    "merged": Message("The two are one donor now. The merge stands in the public ledger."),
    "separated": Message("The two are two donors again."),
    "different": Message("Noted: they are not the same. They are not suggested again."),
    "later": Message("Put off: this suggestion now stands at the end of the list."),
    "related": Message("The group relation stands in the public ledger."),
    "ended": Message("The group relation has ended."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose donors are shown: an organisation's, or with `code` None those of all."""

    code: str | None
    language: str

    @classmethod
    def of(cls, request: SiteRequest, language: str) -> "Place":
        """Return the place of a request."""
        return cls(request.path_params.get("code"), language)

    @property
    def page(self) -> str:
        """The name of its page; also that of the section in the navigation."""
        return "donors" if self.code is not None else "all_donors"

    @property
    def values(self) -> dict[str, object]:
        """What fills the path of its page."""
        return {"code": self.code} if self.code is not None else {}

    @property
    def path(self) -> str:
        """The path of its page."""
        return page_path(language_of(self.language), self.page, **self.values)

    def may_decide(self, request: SiteRequest) -> bool:
        """Return whether who is signed in decides here."""
        permission = Permission.DECIDE_DONORS if self.code else Permission.DECIDE_ALL_DONORS
        return actor_of_request(request).may(permission, self.code)


def shown_line(
    line: DonorLine, organisations: dict[str, str], translate: Translate
) -> dict[str, Any]:
    """Return a donor as a page shows it."""
    return {
        "reference": line.reference,
        "name": line.name or unnamed_label(line.reference, translate),
        "hidden": line.name is None,
        "sort": _sort(line).text(translate),
        "by_code": line.by_code,
        "gifts": line.gifts,
        "sums": [
            amount_in(amount, unit)
            for unit, amount in sorted(
                line.sums.items(), key=lambda each: (each[0] != CURRENCY, each[0])
            )
        ],
        "organisations": [
            organisations.get(code, code) for code in line.organisations[:RECEIVERS_SHOWN]
        ],
        "more_organisations": max(0, len(line.organisations) - RECEIVERS_SHOWN),
    }


def _sort(line: DonorLine) -> Message:
    if line.is_pseudonym:
        return Message("gives under a pseudonym")
    if line.name is None:
        return Message("name not shown any more")
    return Message("organisation") if line.is_organisation else Message("named with consent")


async def organisation_names() -> dict[str, str]:
    """Return credit code → name of all organisations that report."""
    rows = await Organisation.select(Organisation.code, Organisation.name)
    return {row["code"]: row["name"] for row in rows}


def _shown_suggestion(
    found: Suggestion, organisations: dict[str, str], translate: Translate
) -> dict[str, Any]:
    return {
        "one": shown_line(found.one, organisations, translate),
        "other": shown_line(found.other, organisations, translate),
        "why": LIKENESS_LABELS[found.likeness].text(translate),
        "by_code": found.one.by_code != found.other.by_code,
        "put_off": found.put_off,
    }


async def _decisions(
    request: SiteRequest, place: Place, lines: list[DonorLine], standing: Standing
) -> dict[str, Any]:
    """Return the merges and group relations that stand, and touch the donors of this place."""
    translate = translator(language_of(place.language))
    here = {line.reference for line in lines}

    def touching(decided: list[Decided]) -> list[tuple[Decided, tuple[str, str]]]:
        pairs = [(each, _pair(each)) for each in decided]
        return [
            (each, pair)
            for each, pair in pairs
            if place.code is None or each.code == place.code or here & set(pair)
        ]

    merges, relations = touching(standing.merges), touching(standing.ownerships)
    shown = [*merges[:DECISIONS_SHOWN], *relations[:DECISIONS_SHOWN]]
    names = await shown_names(
        request.app.state.ledger, {reference for _, pair in shown for reference in pair}
    )
    organisations = await organisation_names()

    def line(each: Decided, pair: tuple[str, str]) -> dict[str, Any]:
        facts = each.entry.facts
        is_merge = not isinstance(facts, OwnershipFacts)
        return {
            "position": each.position,
            "donors": [
                (names.get(reference) or unnamed_label(reference, translate), reference in names)
                for reference in pair
            ],
            "why": BASIS_LABELS[facts.basis].text(translate) if is_merge else facts.since,
            "words": facts.reason if is_merge else facts.evidence,
            "day": each.entry.day,
            "by": organisations.get(each.code, each.code) if each.code else "",
            "is_own": place.code is None or each.code == place.code,
        }

    return {
        "merges": [line(*each) for each in merges[:DECISIONS_SHOWN]],
        "relations": [line(*each) for each in relations[:DECISIONS_SHOWN]],
        "merge_count": len(merges),
        "relation_count": len(relations),
    }


def _pair(decided: Decided) -> tuple[str, str]:
    """Return the donors of a merge; of an ownership the parent and the child."""
    facts = decided.entry.facts
    if isinstance(facts, OwnershipFacts):
        return facts.parent, facts.child
    one, other = facts.donors
    return one, other


async def donors(
    request: SiteRequest,
    language: FromPath[str],
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
    suggested: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
    first: Annotated[str, QueryParameter(max_length=40)] = "",
    done: Annotated[str, QueryParameter(max_length=20)] = "",
) -> Response[str]:
    """Show the donors; on the first page also suggestions, merges and group relations."""
    return await _shown(request, language, "", page, suggested, first, done)


async def find(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Show the donors whose names hold a text: by form, as no name belongs in an address."""
    sent = await read_fields(request, "q", "page", "first")
    page = int(sent["page"]) if PAGE_NUMBER.fullmatch(sent["page"]) else 1
    text = sent["q"].strip()[:QUERY_CHARACTERS_MAX]
    return await _shown(request, language, text, page, 1, sent["first"], "")


async def _shown(
    request: SiteRequest,
    language: str,
    q: str,
    page: int,
    suggested: int,
    first: str,
    done: str,
) -> Response[str]:
    place = Place.of(request, language)
    translate = translator(language_of(language))
    lines = await donor_lines(request.app.state.ledger, place.code)
    found = lines_with(lines, q)
    organisations = await organisation_names() if place.code is None else {}
    start = (page - 1) * DONORS_ON_A_PAGE
    chosen = next(
        (line for line in lines if REFERENCE.fullmatch(first) and line.reference == first), None
    )
    is_front = page == 1 and not q and chosen is None
    standing = await standing_relations()
    merged = set(standing.relations.groups.members())
    context: dict[str, Any] = {
        "place": place,
        "may_decide": place.may_decide(request),
        "query": q,
        "chosen": shown_line(chosen, organisations, translate) if chosen else None,
        "lines": [
            shown_line(line, organisations, translate) | {"is_merged": line.reference in merged}
            for line in found[start : start + DONORS_ON_A_PAGE]
        ],
        "count": len(found),
        "page": page,
        "pages": -(-len(found) // DONORS_ON_A_PAGE),
        "is_front": is_front,
        "done": DONE[done].text(translate) if done in DONE else "",
        "today": today(request),
    }
    if is_front:
        near = request.app.state.near_names
        likely = await suggestions(near, lines, standing.relations)
        first_shown = (suggested - 1) * SUGGESTIONS_ON_A_PAGE
        names = await organisation_names()
        context |= await _decisions(request, place, lines, standing)
        context |= {
            "suggestions": [
                _shown_suggestion(each, names, translate)
                for each in likely[first_shown : first_shown + SUGGESTIONS_ON_A_PAGE]
            ],
            "suggestion_count": len(likely),
            "suggested": suggested,
            "has_more": len(likely) > first_shown + SUGGESTIONS_ON_A_PAGE,
        }
    return await workplace(request, language, "workplace/donors.html", context, section=place.page)


ROUTES = (
    workplace_page(OWN, permission=Permission.SEE_DONORS)(donors),
    workplace_page(ALL, permission=Permission.DECIDE_ALL_DONORS)(donors),
    workplace_action(f"{OWN}/find", permission=Permission.SEE_DONORS, act="donors.find")(find),
    workplace_action(f"{ALL}/find", permission=Permission.DECIDE_ALL_DONORS, act="donors.find")(
        find
    ),
)
