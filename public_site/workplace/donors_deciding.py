"""Provides the deciding about donors: whether two are one, and who belongs to whose group."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from charity.donors.directory import DonorLine, donor_lines
from charity.donors.merging import (
    DIFFERENT,
    LATER,
    answer_suggestion,
    merge_donors,
    separate_donors,
)
from charity.donors.relations import (
    WORDS_CHARACTERS_MAX,
    end_ownership,
    record_ownership,
    standing_relations,
)
from charity.donors.same_names import likeness_of, read_name
from charity.people.roles import Permission
from ledger.kinds.donor_merge import MergeBasis
from ledger.log import Ledger
from ledger.messages import Message, Refused
from public_site.entry import position_of
from public_site.entry_facts import BASIS_LABELS
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.donors import (
    ALL,
    LIKENESS_LABELS,
    OWN,
    Place,
    organisation_names,
    shown_line,
)
from public_site.workplace.form_fields import read_fields
from public_site.workplace.receipts import today
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page
from public_site.workplace.visiting import actor_of_request

UNPROCESSABLE: Final = 422
REFERENCE_CHARACTERS: Final = 32
FIELDS: Final = ("basis", "reason", "donors_code", "parent", "since", "evidence")

Reference = Annotated[str, QueryParameter(max_length=40)]


def _found(lines: Sequence[DonorLine], one: str, other: str) -> tuple[DonorLine, DonorLine]:
    """Return the two donors.

    Raises:
        NotFoundException: one of them is not here, or both are one.
    """
    by_reference = {line.reference: line for line in lines}
    if one == other or not {one, other} <= by_reference.keys():
        raise NotFoundException
    return by_reference[one], by_reference[other]


async def _shown(
    request: SiteRequest,
    language: str,
    one: str,
    other: str,
    form: dict[str, str] | None = None,
    error: tuple[str, Message] | None = None,
) -> Response[str]:
    """Show two donors side by side with what can be decided; with what was wrong, after a form."""
    place, chosen = Place.of(request, language), language_of(language)
    translate = translator(chosen)
    lines = await donor_lines(request.app.state.ledger, place.code)
    pair = _found(lines, one, other)
    names = await organisation_names()
    standing = await standing_relations()
    likeness = None
    if all(line.is_organisation and line.name for line in pair):
        likeness = likeness_of(*(read_name(line.name or "") for line in pair))
    suggested = MergeBasis.NAME if likeness else MergeBasis.DECLARED
    both_named = not any(line.is_pseudonym for line in pair)
    context: dict[str, Any] = {
        "place": place,
        "donors": [shown_line(line, names, translate) for line in pair],
        "why": LIKENESS_LABELS[likeness].text(translate) if likeness else "",
        "by_code": pair[0].by_code != pair[1].by_code,
        "are_one": standing.relations.groups.are_one(one, other),
        "may_be_merged": pair[0].is_pseudonym == pair[1].is_pseudonym,
        "may_be_related": both_named,
        "bases": [(basis.value, BASIS_LABELS[basis].text(translate)) for basis in MergeBasis],
        "form": dict.fromkeys(FIELDS, "") | {"basis": suggested.value} | (form or {}),
        "errors": {error[0]: error[1].text(translate)} if error else {},
        "most": WORDS_CHARACTERS_MAX,
    }
    return await workplace(
        request,
        language,
        "workplace/donors_pair.html",
        context,
        section=place.page,
        status=UNPROCESSABLE if error else 200,
    )


async def pair(
    request: SiteRequest, language: FromPath[str], one: Reference = "", other: Reference = ""
) -> Response[str]:
    """Show two donors side by side, and what can be decided about them."""
    return await _shown(request, language, one, other)


async def _two(request: SiteRequest) -> tuple[str, str]:
    fields = await read_fields(request, "one", "other")
    return fields["one"][:REFERENCE_CHARACTERS], fields["other"][:REFERENCE_CHARACTERS]


async def merge(request: SiteRequest, language: FromPath[str]) -> Response[str] | Redirect:
    """Merge two donors: an entry in the public ledger."""
    place, (one, other) = Place.of(request, language), await _two(request)
    form = await read_fields(request, *FIELDS)
    ledger: Ledger = request.app.state.ledger
    try:
        basis = _basis(form["basis"])
        async with ledger.write() as writer:
            position = await merge_donors(
                ledger.vault,
                writer,
                place.code,
                (one, other),
                basis,
                form["reason"],
                today(request),
                donors_code=form["donors_code"],
            )
    except Refused as refusal:
        return await _shown(request, language, one, other, form, ("reason", refusal.message))
    note_act(request, subject=f"#{position}")
    return see_other(language, place.page, done="merged", **place.values)


def _basis(text: str) -> MergeBasis:
    if text not in set(MergeBasis):
        raise Refused("Say by what you know that they are one donor.")
    return MergeBasis(text)


async def answer(request: SiteRequest, language: FromPath[str]) -> Redirect:
    """Note that two donors are not the same, or are to be looked at later."""
    place, (one, other) = Place.of(request, language), await _two(request)
    given = (await read_fields(request, "answer"))["answer"]
    said = DIFFERENT if given == DIFFERENT else LATER
    ledger: Ledger = request.app.state.ledger
    person = actor_of_request(request).person
    async with ledger.write() as writer:
        await answer_suggestion(writer, person, place.code, (one, other), said)
    note_act(request, subject=f"{said} {one} {other}")
    return see_other(language, place.page, done=said, **place.values)


async def relate(request: SiteRequest, language: FromPath[str]) -> Response[str] | Redirect:
    """Enter that one of two donors belongs to the other's group."""
    place, (one, other) = Place.of(request, language), await _two(request)
    form = await read_fields(request, *FIELDS)
    parent, child = (one, other) if form["parent"] == one else (other, one)
    ledger: Ledger = request.app.state.ledger
    try:
        if form["parent"] not in {one, other}:
            raise Refused("Say which of the two is the parent company.")  # noqa: TRY301 (told like all others)
        async with ledger.write() as writer:
            position = await record_ownership(
                writer, place.code, parent, child, form["since"], form["evidence"], today(request)
            )
    except Refused as refusal:
        return await _shown(request, language, one, other, form, ("evidence", refusal.message))
    note_act(request, subject=f"#{position}")
    return see_other(language, place.page, done="related", **place.values)


async def separate(
    request: SiteRequest, language: FromPath[str], position: FromPath[str]
) -> Redirect:
    """Undo a merge: another entry in the public ledger."""
    place, there = Place.of(request, language), position_of(position)
    reason = (await read_fields(request, "reason"))["reason"]
    ledger: Ledger = request.app.state.ledger
    person = actor_of_request(request).person
    async with ledger.write() as writer:
        made = await separate_donors(writer, person, place.code, there, reason, today(request))
    note_act(request, subject=f"#{made}")
    return see_other(language, place.page, done="separated", **place.values)


async def end(request: SiteRequest, language: FromPath[str], position: FromPath[str]) -> Redirect:
    """End a group relation: another entry in the public ledger."""
    place, there = Place.of(request, language), position_of(position)
    fields = await read_fields(request, "reason", "last")
    ledger: Ledger = request.app.state.ledger
    async with ledger.write() as writer:
        made = await end_ownership(
            writer, place.code, there, fields["last"], fields["reason"], today(request)
        )
    note_act(request, subject=f"#{made}")
    return see_other(language, place.page, done="ended", **place.values)


ROUTES = tuple(
    handler
    for path, permission in (
        (OWN, Permission.DECIDE_DONORS),
        (ALL, Permission.DECIDE_ALL_DONORS),
    )
    for handler in (
        workplace_page(f"{path}/pair", permission=permission)(pair),
        workplace_action(f"{path}/merge", permission=permission, act="donors.merge")(merge),
        workplace_action(f"{path}/answer", permission=permission, act="donors.answer")(answer),
        workplace_action(f"{path}/relate", permission=permission, act="donors.relate")(relate),
        workplace_action(
            f"{path}/{{position:str}}/separate", permission=permission, act="donors.separate"
        )(separate),
        workplace_action(f"{path}/{{position:str}}/end", permission=permission, act="donors.end")(
            end
        ),
    )
)
