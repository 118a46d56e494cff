"""Provides the page of one entry, with its place in the log and its proof, and its downloads."""

from datetime import datetime
from typing import Any

from litestar import MediaType, Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from charity.organisations.tables import Fund
from charity.projects.tables import Project
from ledger.entries import CURRENCY, ORGANISATION_PREFIX, Entry, Posting
from ledger.kinds import parse_entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.disclosure import DisclosureFacts
from ledger.log import Ledger
from ledger.messages import Message, Translate
from ledger.reading import ProvenEntry, read_entry, read_proven_entry
from ledger.tables import LogEntry, MovementRow, VaultConsent
from ledger.vault import SHOWN_CONSENT
from ledger.vault_reading import known_donors
from public_site.formatting import MINUS, money
from public_site.languages import language_of
from public_site.movements import Movement, movements
from public_site.rendering import SiteRequest, page
from public_site.routing import page_route
from public_site.translations import translator

POSITION_MAX = 2**63 - 1
POSITION_DIGITS_MAX = 19

DONOR_EXPLANATIONS = {
    "unnamed": Message("The published list gives no name for this gift."),
    "hidden": Message(
        "The donor is not named here: the name stands only in a sealed vault, whose key the"
        " operator keeps. The log holds a salted commitment to it, which says nothing by itself."
    ),
    "organisation": Message("An organisation; its name is not personal data."),
    "consent": Message("The donor agreed to be named, on this basis:"),
}

ACCEPTED_LABELS = {
    "anonymous": Message("The list named no donor; accepted as an anonymous gift."),
    "transaction": Message("The list had no readable transaction id; accepted without it."),
    "aggregate": Message("The list called this row a sum of others; accepted as a gift."),
}


FIELD_LABELS = {"description": Message("Description")}


def _position(text: str) -> int:
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
    if posting.unit == CURRENCY:
        return money(posting.amount) if posting.amount < 0 else f"+{money(posting.amount)}"
    sign = MINUS if posting.amount < 0 else "+"
    return f"{sign}{abs(posting.amount):,} {posting.unit}"


async def _posting_lines(entry: Entry, translate: Translate) -> list[dict[str, object]]:
    code = entry.organisation.removeprefix(ORGANISATION_PREFIX)
    funds = {
        row["code"]: row["name"] for row in await Fund.select().where(Fund.organisation == code)
    }
    projects = {
        row["code"]: row["name"]
        for row in await Project.select().where(Project.organisation == code)
    }
    lines: list[dict[str, object]] = []
    for posting in entry.postings:
        label, name = _account_label(posting.account, funds, projects)
        lines.append(
            {
                "account": posting.account,
                "label": label.text(translate),
                "name": name,
                "amount_text": amount_text(posting),
            }
        )
    return lines


def _account_label(
    account: str, funds: dict[str, str], projects: dict[str, str]
) -> tuple[Message, str]:
    """Return what kind of account it is, and the name of the fund or project."""
    match account.split("/"):
        case ["donors", _]:
            return Message("Donor"), ""
        case ["funds", _, fund]:
            return Message("Fund"), funds.get(fund, fund)
        case ["spent", _, project, _]:
            return Message("Spent on"), projects.get(project, project)
        case _:
            return Message("Account"), ""


async def _donor(
    ledger: Ledger, entry: Entry, movement: Movement, translate: Translate
) -> dict[str, object] | None:
    donor = getattr(entry.facts, "donor", None)
    if donor is None:
        return None
    known = await known_donors(ledger.vault, [donor.reference], shown_only=True)
    behind = known.get(donor.reference)
    basis = None
    if donor.commitment is None:
        explanation = DONOR_EXPLANATIONS["unnamed"]
    elif behind is None:
        explanation = DONOR_EXPLANATIONS["hidden"]
    elif behind.shown == SHOWN_CONSENT:
        consent = await VaultConsent.objects().where(VaultConsent.id == behind.consent).first()
        explanation = DONOR_EXPLANATIONS["consent"]
        basis = consent.basis if consent else None
    else:
        explanation = DONOR_EXPLANATIONS["organisation"]
    return {
        "label": movement.counterparty,
        "hidden": movement.hidden,
        "explanation": explanation.text(translate),
        "basis": basis,
        "commitment": donor.commitment,
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
        "accepted_label": " ".join(accepted) or source.accepted,
    }


PROBLEM_LABELS = {
    "total_differs": Message("The stated total does not agree with the rows."),
    "transactions_known": Message(
        "Some transactions were in the ledger already; they were left out."
    ),
    "rows_known": Message("Some rows stood in another list already."),
}


def _document(entry: Entry, translate: Translate) -> dict[str, object] | None:
    """Return what an entry records of a published document; None for other kinds."""
    facts = entry.facts
    if not isinstance(facts, DisclosureFacts):
        return None
    problems = [
        PROBLEM_LABELS.get(problem.code, Message("A row was left out or accepted as it is."))
        for problem in facts.accepted
    ]
    places = [problem.cell for problem in facts.accepted]
    return {
        "rows": facts.rows,
        "skipped": facts.skipped,
        "total_fen": facts.total,
        "stated_total_fen": facts.stated_total,
        "accepted": [
            (cell or "", label.text(translate))
            for cell, label in zip(places, problems, strict=True)
        ],
    }


async def _related(
    ledger: Ledger, position: int, entry: Entry, translate: Translate
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return the entries that refer to this one or that it refers to; and its corrections."""
    condition = MovementRow.refers_to == position
    refers_to = getattr(entry.facts, "refers_to", None)
    if refers_to is not None:
        condition = condition | (MovementRow.position == refers_to)
    rows = await MovementRow.select().where(condition).order_by(MovementRow.position)
    lines = await movements(ledger, rows, translate)
    related = [
        {
            "position": line.position,
            "label": line.kind_label,
            "text": line.note or money(line.amount_fen),
            "reported": line.note is not None and line.kind != "refund",
        }
        for line in lines
    ]
    corrected_by = [line.position for line in lines if line.kind == "correction"]
    return related, await _corrections(corrected_by, translate)


async def _corrections(positions: list[int], translate: Translate) -> list[dict[str, object]]:
    if not positions:
        return []
    rows = (
        await LogEntry.select()
        .where(LogEntry.position.is_in(positions))
        .order_by(LogEntry.position)
    )
    corrections = []
    for row in rows:
        facts: CorrectionFacts = parse_entry(bytes(row["body"])).facts
        label = FIELD_LABELS.get(facts.field)
        corrections.append(
            {
                "field": label.text(translate) if label else facts.field,
                "old": facts.old,
                "new": facts.new,
                "reason": facts.reason,
                "position": row["position"],
            }
        )
    return corrections


@page_route("/{language:str}/entries/{position:str}")
async def entry_page(
    request: SiteRequest, language: FromPath[str], position: FromPath[str]
) -> Response[str]:
    """Show one entry: its facts, its place in the log, and the proof that it is there."""
    chosen = language_of(language)
    translate = translator(chosen)
    ledger: Ledger = request.app.state.ledger
    place = _position(position)
    proven = await _proven(place)
    entry = parse_entry(proven.body)
    rows = await MovementRow.select().where(MovementRow.position == place)
    [movement] = await movements(ledger, rows, translate)
    related, corrections = await _related(ledger, place, entry, translate)
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
        "document": _document(entry, translate),
        "related": related,
        "corrections": corrections,
        "leaf_hash": proven.leaf_hash.hex(),
        "proof": [digest.hex() for digest in proven.proof.hashes],
        "checkpoint_note": proven.proof.checkpoint_note,
        "canonical": proven.body.decode(),
        "entry_file": f"/entries/{place}.json",
        "proof_file": f"/entries/{place}.tlog-proof",
        "verify_command": (
            f"charity verify {place}.json {place}.tlog-proof --key '{ledger.verifier_key}'"
        ),
    }
    return await page(request, chosen, "entry.html", context, section="organisations")


def _attachment(file_name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{file_name}"'}


@page_route("/entries/{file_name:str}")
async def entry_file(file_name: FromPath[str]) -> Response[bytes]:
    """Download the exact bytes of an entry (7.json), or its proof (7.tlog-proof)."""
    position, _, ending = file_name.partition(".")
    if ending == "json":
        try:
            body = await read_entry(_position(position))
        except LookupError as error:
            raise NotFoundException from error
        return Response(body, media_type=MediaType.JSON, headers=_attachment(file_name))
    if ending == "tlog-proof":
        proven = await _proven(_position(position))
        return Response(
            proven.proof.format().encode(),
            media_type=MediaType.TEXT,
            headers=_attachment(file_name),
        )
    raise NotFoundException
