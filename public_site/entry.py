"""Provides the page of one entry, with its place in the log and its proof, and its downloads."""

from datetime import datetime
from typing import Any, TypeAlias

from litestar import MediaType, Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from piccolo.columns.combination import Or, Where

from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Project
from ledger.entries import ORGANISATION_PREFIX, Entry, Posting
from ledger.kinds import parse_entry
from ledger.kinds.donation import Visibility
from ledger.kinds.trust_contribution import TRUST_CONTRIBUTION
from ledger.log import Ledger
from ledger.messages import Message, Translate
from ledger.reading import ProvenEntry, read_entry, read_proven_entry
from ledger.receipt import RECEIPT_MEDIA_TYPE, make_receipt
from ledger.references import reference_of
from ledger.tables import MovementRow
from ledger.vault.reading import consent_basis, known_donors
from ledger.vault.vault import SHOWN_CONSENT
from public_site.entry_facts import (
    corrections,
    counterparty_label,
    document,
    particulars,
    what_became,
)
from public_site.formatting import MINUS, amount_in
from public_site.languages import language_of
from public_site.movement_rows import later_entries
from public_site.movements import Movement, movements
from public_site.related_donors import related_donors
from public_site.rendering import SiteRequest, page
from public_site.routing import page_route
from public_site.trace_lines import trace_title
from public_site.translations import translator

POSITION_MAX = 2**63 - 1
POSITION_DIGITS_MAX = 19

DONOR_EXPLANATIONS = {
    "unnamed": Message("The published list gives no name for this gift."),
    "hidden": Message(
        "The donor is not named here: the name stands only in a sealed vault, whose key the"
        " operator keeps. The log holds a salted commitment to it, which says nothing by itself."
    ),
    "pseudonym": Message(
        "The donor gives under a pseudonym: no name is shown, but all gifts with this reference are"
        " from one and the same donor."
    ),
    "erased": Message(
        "The name is not kept here: it was erased for good, or never recorded. Nobody here can open"
        " the commitment any more; whoever kept name and salt still can."
    ),
    "organisation": Message("An organisation; its name is not personal data."),
    "consent": Message("The donor agreed to be named, on this basis:"),
}

ACCEPTED_LABELS = {
    "anonymous": Message("The list named no donor; accepted as an anonymous gift."),
    "transaction": Message("The list had no readable transaction id; accepted without it."),
    "aggregate": Message("The list called this row a sum of others; accepted as a gift."),
}


def position_of(text: str) -> int:
    """Return the position that an address carries.

    Raises:
        NotFoundException: it is no position.
    """
    digits = text.isascii() and text.isdigit() and len(text) <= POSITION_DIGITS_MAX
    if not digits or (len(text) > 1 and text[0] == "0"):
        raise NotFoundException
    position = int(text)
    if position > POSITION_MAX:
        raise NotFoundException
    return position


async def _proven(position: int) -> ProvenEntry:
    try:
        return await read_proven_entry(position)
    except LookupError as error:
        raise NotFoundException from error


def amount_text(posting: Posting) -> str:
    """Return the amount of a posting with its sign and unit."""
    text = amount_in(abs(posting.amount), posting.unit)
    return f"{MINUS if posting.amount < 0 else '+'}{text}"


DONOR = Message("Donor")
"""What the account is called that a gift comes out of."""

Names: TypeAlias = dict[tuple[str, str], str]
"""Organisation identifier and code of a fund or project → its name."""


async def _posting_lines(entry: Entry, translate: Translate) -> list[dict[str, object]]:
    parts = [posting.account.split("/") for posting in entry.postings]
    codes = [part[1].removeprefix(ORGANISATION_PREFIX) for part in parts] or ["-"]
    funds: Names = {
        (organisation_identifier(row["organisation"]), row["code"]): row["name"]
        for row in await Fund.select().where(Fund.organisation.is_in(codes))
    }
    projects: Names = {
        (organisation_identifier(row["organisation"]), row["code"]): row["name"]
        for row in await Project.select().where(Project.organisation.is_in(codes))
    }
    if sum(posting.account.startswith("funds/") for posting in entry.postings) > 1:
        funds = await _with_organisations(funds)
    lines: list[dict[str, object]] = []
    for posting in entry.postings:
        label, name = _account_label(posting.account, funds, projects)
        if label is DONOR and entry.kind == TRUST_CONTRIBUTION.name:
            label = Message("Settlor")
        lines.append(
            {
                "account": posting.account,
                "label": label.text(translate),
                "name": name,
                "amount_text": amount_text(posting),
            }
        )
    return lines


async def _with_organisations(funds: Names) -> Names:
    """Return the names of funds, each behind that of its organisation."""
    rows = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.code.is_in([owner.removeprefix(ORGANISATION_PREFIX) for owner, _ in funds])
    )
    names = {organisation_identifier(row["code"]): row["name"] for row in rows}
    return {(owner, code): f"{names[owner]} · {fund}" for (owner, code), fund in funds.items()}


def _account_label(  # noqa: PLR0911 (one answer for each kind of account)
    account: str, funds: Names, projects: Names
) -> tuple[Message, str]:
    """Return what kind of account it is, and the name of the fund, project or trust."""
    match account.split("/"):
        case ["donors", _]:
            return DONOR, ""
        case ["funds", organisation, fund]:
            return Message("Fund"), funds.get((organisation, fund), fund)
        case ["goods", organisation, fund]:
            return Message("Goods of the fund"), funds.get((organisation, fund), fund)
        case ["trusts", _, number]:
            return Message("Charitable trust"), number
        case ["spent", "trusts", _, number, _]:
            return Message("Spent by the charitable trust"), number
        case ["spent", organisation, project, _]:
            return Message("Spent on"), projects.get((organisation, project), project)
        case _:
            return Message("Account"), ""


async def _donor(
    ledger: Ledger, entry: Entry, movement: Movement, translate: Translate
) -> dict[str, object] | None:
    facts = entry.facts
    donor = getattr(facts, "donor", None) or getattr(facts, "settlor", None)
    if donor is None:
        return None
    known = await known_donors(ledger.vault, [donor.reference], shown_only=True)
    behind = known.get(donor.reference)
    erased = not known and not await known_donors(ledger.vault, [donor.reference])
    basis = None
    if donor.commitment is None:
        explanation = DONOR_EXPLANATIONS["unnamed"]
    elif erased:
        explanation = DONOR_EXPLANATIONS["erased"]
    elif donor.visibility == Visibility.PSEUDONYMOUS:
        explanation = DONOR_EXPLANATIONS["pseudonym"]
    elif behind is None:
        explanation = DONOR_EXPLANATIONS["hidden"]
    elif behind.shown == SHOWN_CONSENT:
        explanation = DONOR_EXPLANATIONS["consent"]
        if behind.consent is not None:
            basis = await consent_basis(ledger.vault, behind.consent)
    else:
        explanation = DONOR_EXPLANATIONS["organisation"]
    return {
        "label": movement.counterparty,
        "hidden": movement.hidden,
        "explanation": explanation.text(translate),
        "basis": basis,
        "commitment": donor.commitment,
        "reference": donor.reference if donor.visibility == Visibility.PSEUDONYMOUS else None,
    }


def _source(entry: Entry, translate: Translate) -> dict[str, object]:
    source = entry.source
    words = source.accepted.split(",") if source.accepted else []
    accepted = [ACCEPTED_LABELS[word].text(translate) for word in words if word in ACCEPTED_LABELS]
    return {
        "file_digest": source.file,
        "sheet": source.sheet,
        "row": source.row,
        "transaction": source.transaction,
        "request": source.request,
        "accepted_label": " ".join(accepted) or source.accepted,
    }


async def _related(
    ledger: Ledger, position: int, entry: Entry, translate: Translate
) -> list[dict[str, object]]:
    """Return the entries that refer to this one or that it refers to."""
    condition: Where | Or = MovementRow.refers_to == position
    refers_to = reference_of(entry)
    if refers_to is not None:
        condition = condition | (MovementRow.position == refers_to)
    rows = await MovementRow.select().where(condition).order_by(MovementRow.position)
    lines = await movements(ledger, rows, translate)
    return [
        {
            "position": line.position,
            "label": line.kind_label,
            "movement": line,
        }
        for line in lines
    ]


@page_route("/{language:str}/entries/{position:str}")
async def entry_page(
    request: SiteRequest, language: FromPath[str], position: FromPath[str]
) -> Response[str]:
    """Show one entry: its facts, its place in the log, and the proof that it is there."""
    chosen = language_of(language)
    translate = translator(chosen)
    ledger: Ledger = request.app.state.ledger
    place = position_of(position)
    proven = await _proven(place)
    entry = parse_entry(proven.body)
    rows = await MovementRow.select().where(MovementRow.position == place)
    [movement] = await movements(ledger, rows, translate)
    later = (await later_entries([place]))[place]
    context: dict[str, Any] = {
        "movement": movement,
        "entry": {
            "position": place,
            "kind_label": movement.kind_label,
            "id": entry.id,
            "recorded_at": datetime.fromisoformat(entry.recorded_at),
            "version": entry.version,
        },
        "postings": await _posting_lines(entry, translate),
        "source": _source(entry, translate),
        "donor": await _donor(ledger, entry, movement, translate),
        "related_donors": await related_donors(ledger, entry, translate),
        "counterparty_label": counterparty_label(entry).text(translate),
        "particulars": particulars(entry, translate),
        "document": document(entry, translate),
        "became": what_became(entry, later, translate),
        "related": await _related(ledger, place, entry, translate),
        "corrections": await corrections(place, entry, later.corrections, translate),
        "leaf_hash": proven.leaf_hash.hex(),
        "proof": [digest.hex() for digest in proven.proof.hashes],
        "checkpoint_note": proven.proof.checkpoint_note,
        "canonical": proven.body.decode(),
        "trace": trace.text(translate) if (trace := trace_title(place, entry)) else None,
        "entry_file": f"/entries/{place}.json",
        "proof_file": f"/entries/{place}.tlog-proof",
        "receipt_file": f"/entries/{place}.receipt.json",
        "verify_command": (
            f"charity verify {place}.json {place}.tlog-proof --key '{ledger.verifier_key}'"
        ),
    }
    return await page(request, chosen, "entry.html", context, section="organisations")


def _attachment(file_name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{file_name}"'}


@page_route("/entries/{file_name:str}")
async def entry_file(request: SiteRequest, file_name: FromPath[str]) -> Response[bytes]:
    """Download an entry's exact bytes (7.json), its proof (7.tlog-proof), or both (7.receipt.json).

    The receipt says nothing of the donor: only the operator's command knows who that is.
    """
    position, _, ending = file_name.partition(".")
    if ending == "json":
        try:
            body = await read_entry(position_of(position))
        except LookupError as error:
            raise NotFoundException from error
        return Response(body, media_type=MediaType.JSON, headers=_attachment(file_name))
    if ending == "tlog-proof":
        proven = await _proven(position_of(position))
        return Response(
            proven.proof.format().encode(),
            media_type=MediaType.TEXT,
            headers=_attachment(file_name),
        )
    if ending == "receipt.json":
        proven = await _proven(position_of(position))
        ledger: Ledger = request.app.state.ledger
        witness_keys = [witness.key for witness in request.app.state.witnesses]
        made = make_receipt(proven.body, proven.proof, ledger.verifier_key, witness_keys)
        return Response(
            made.format(),
            media_type=RECEIPT_MEDIA_TYPE,
            headers=_attachment(file_name),
        )
    raise NotFoundException
