"""Provides the receipts of donations in the workplace: the list, one of them, PDF and archive."""

import re
from typing import Annotated, Any, Final

import segno
from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Stream

from charity.people.roles import Permission
from charity.receipts.archive import check_archive, receipt_archive
from charity.receipts.issuing import issue_receipts, void_receipt
from charity.receipts.lists import (
    NUMBER_MAX,
    GiftFilter,
    batch_positions,
    find_receipts,
    receipt_years,
    receipts_for,
    receipts_of_entry,
    receipts_of_year,
    void_count,
)
from charity.receipts.printing import font_for, receipt_pdf
from charity.receipts.reading import DonationReceipt, read_receipts
from charity.receipts.wording import Printing, Proof, figures
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.reading import read_head
from public_site.downloads import csv_text
from public_site.entry import position_of
from public_site.formatting import SHENZHEN
from public_site.languages import language_of
from public_site.rendering import SiteRequest, page_path, site_address
from public_site.translations import translator
from public_site.workplace.form_fields import read_fields
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page

RECEIPTS_ON_A_PAGE: Final = 50
NUMBER: Final = re.compile(r"(?:(?P<year>[0-9]{4})-)?(?P<number>[0-9]{1,9})")
ENTRY: Final = re.compile(r"#(?P<position>[0-9]{1,18})")
REFERENCE: Final = re.compile(r"[0-9a-f]{32}")
BATCH: Final = re.compile(r"[0-9a-f]{32}")
YEAR: Final = re.compile(r"[0-9]{4}")
UNPROCESSABLE: Final = 422
PDF: Final = "application/pdf"
ZIP: Final = "application/zip"

Asked = Annotated[str, QueryParameter(max_length=40)]


def today(request: SiteRequest) -> str:
    """Return the ISO day of the moment in Shenzhen, by the ledger's clock."""
    ledger: Ledger = request.app.state.ledger
    return ledger.clock().astimezone(SHENZHEN).date().isoformat()


async def _found(code: str, words: str) -> list[int]:
    """Return the receipts that a search means: 2026-000123, 123, or #4567 for an entry."""
    words = words.strip()
    if entry := ENTRY.fullmatch(words):
        return await receipts_of_entry(code, int(entry["position"]))
    if number := NUMBER.fullmatch(words):
        return await find_receipts(code, number=int(number["number"]), year=number["year"])
    return []


def _line(receipt: DonationReceipt) -> dict[str, object]:
    """Return a receipt as a line of the list: without the name of the donor."""
    return {"receipt": receipt, "amount": figures(receipt, receipt.amount)}


@workplace_page("/{language:str}/workplace/{code:str}/receipts", permission=Permission.SEE_REPORTS)
async def receipts(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    year: Asked = "",
    q: Asked = "",
    only: Asked = "",
    below: Annotated[int, QueryParameter(ge=1, le=NUMBER_MAX + 1)] = NUMBER_MAX + 1,
    done: Annotated[int, QueryParameter(ge=0, le=NUMBER_MAX)] = 0,
) -> Response[str]:
    """Show the receipts of a year, the newest first, or those that a search finds."""
    ledger: Ledger = request.app.state.ledger
    years = await receipt_years(code)
    chosen_year = year if YEAR.fullmatch(year) else (years[0][0] if years else "")
    if q:
        positions = await _found(code, q)
    else:
        positions = await receipts_of_year(
            code,
            chosen_year,
            below=below,
            only_void=only == "void",
            limit=RECEIPTS_ON_A_PAGE + 1,
        )
    shown = await read_receipts(ledger.vault, positions[:RECEIPTS_ON_A_PAGE], with_names=False)
    context = {
        "years": years,
        "year": chosen_year,
        "void_count": await void_count(code, chosen_year) if chosen_year else 0,
        "query": q,
        "only": only,
        "lines": [_line(receipt) for receipt in shown],
        "next_below": shown[-1].number if len(positions) > len(shown) else None,
        "is_first": below > NUMBER_MAX,
        "done": done,
    }
    return await workplace(
        request, language, "workplace/receipts.html", context, section="receipts"
    )


async def _receipt(
    request: SiteRequest, code: str, position: str, *, with_name: bool
) -> DonationReceipt:
    """Return a receipt of this organisation.

    Raises:
        NotFoundException: the entry is none.
    """
    vault = request.app.state.ledger.vault
    found = await read_receipts(vault, [position_of(position)], with_names=with_name)
    if not found or found[0].organisation_code != code:
        raise NotFoundException
    return found[0]


async def _printing(request: SiteRequest, language: str) -> Printing:
    head = await read_head()
    if head is None:
        raise NotFoundException
    chosen = language_of(language)
    return Printing(
        proof=Proof(head.size, head.note.splitlines()[2]),
        entries=f"{site_address(request)}/{chosen}/entries",
        translate=translator(chosen),
        sample=request.app.state.ledger.sample,
    )


async def _shown(
    request: SiteRequest,
    language: str,
    code: str,
    receipt: DonationReceipt,
    *,
    with_name: bool,
    reason: str = "",
    problem: Message | None = None,
) -> Response[str]:
    printing = await _printing(request, language)
    sheet = printing.sheet(receipt)
    of_donor = await receipts_for(code, GiftFilter(donor=receipt.donor))
    errors = {"reason": problem.text(printing.translate)} if problem else {}
    context: dict[str, Any] = {
        "receipt": receipt,
        "sheet": sheet,
        "qr": segno.make(sheet.address, error="m", micro=False).svg_inline(border=0, omitsize=True),
        "with_name": with_name,
        "of_donor": len(of_donor),
        "reason": reason,
        "errors": errors,
    }
    return await workplace(
        request,
        language,
        "workplace/donation_receipt.html",
        context,
        section="receipts",
        status=UNPROCESSABLE if errors else 200,
    )


@workplace_page(
    "/{language:str}/workplace/{code:str}/receipts/{receipt:str}",
    permission=Permission.SEE_DONORS,
    act="receipt.open",
)
async def donation_receipt(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    receipt: FromPath[str],
    name: Asked = "",
) -> Response[str]:
    """Show one receipt as it is printed; with `name=no` the donor is not named."""
    with_name = name != "no"
    found = await _receipt(request, code, receipt, with_name=with_name)
    return await _shown(request, language, code, found, with_name=with_name)


@workplace_page(
    "/{language:str}/workplace/{code:str}/receipts/{receipt:str}/pdf",
    permission=Permission.SEE_DONORS,
    act="receipt.download",
)
async def donation_receipt_pdf(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    receipt: FromPath[str],
    name: Asked = "",
) -> Response[bytes]:
    """Download one receipt as a PDF."""
    found = await _receipt(request, code, receipt, with_name=name != "no")
    sheet = (await _printing(request, language)).sheet(found)

    def printed() -> bytes:
        with font_for([sheet]) as font:
            return receipt_pdf(sheet, found.recorded_at, font)

    return Response(
        await to_thread.run_sync(printed),
        media_type=PDF,
        headers=_attachment(f"{found.full_number}.pdf"),
    )


def _attachment(file_name: str) -> dict[str, str]:
    return {
        "content-disposition": f'attachment; filename="{file_name}"',
        "cache-control": "no-store",
    }


@workplace_page(
    "/{language:str}/workplace/{code:str}/receipts/archive",
    permission=Permission.SEE_DONORS,
    act="receipts.download",
)
async def receipts_archive(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    year: Asked = "",
    batch: Asked = "",
    donor: Asked = "",
) -> Stream:
    """Download all receipts of a year, a batch or a donor as one ZIP."""
    if BATCH.fullmatch(batch):
        in_batch = await batch_positions(code, batch)
        if in_batch is None:
            raise NotFoundException
        name, positions = (
            f"batch-{batch[:8]}",
            await receipts_for(code, GiftFilter(positions=in_batch)),
        )
    elif REFERENCE.fullmatch(donor):
        name, positions = f"donor-{donor[-8:]}", await receipts_for(code, GiftFilter(donor=donor))
    elif YEAR.fullmatch(year):
        name, positions = year, await receipts_for(code, GiftFilter(), year)
    else:
        raise NotFoundException
    check_archive(positions)
    vault = request.app.state.ledger.vault
    content = receipt_archive(vault, positions, await _printing(request, language), csv_text)
    return Stream(content, media_type=ZIP, headers=_attachment(f"receipts-{code}-{name}.zip"))


@workplace_action(
    "/{language:str}/workplace/{code:str}/receipts/{receipt:str}/void",
    permission=Permission.VOID_RECEIPTS,
    act="receipt.void",
)
async def void(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], receipt: FromPath[str]
) -> Response[str] | Redirect:
    """Make a receipt void; at wish issue a new one for the same gift in the same write."""
    found = await _receipt(request, code, receipt, with_name=False)
    fields = await read_fields(request, "reason", "again")
    reason = fields["reason"].strip()
    ledger: Ledger = request.app.state.ledger
    try:
        async with ledger.write() as writer:
            day = today(request)
            await void_receipt(writer, code, found.position, reason, day)
            new = await issue_receipts(writer, code, [found.gift], day) if fields["again"] else None
    except Refused as refusal:
        now = await _receipt(request, code, receipt, with_name=True)
        return await _shown(
            request,
            language,
            code,
            now,
            with_name=True,
            reason=reason,
            problem=refusal.message,
        )
    shown = new.start if new is not None else found.position
    return see_other(language, "donation_receipt", code=code, receipt=shown)


def issued_address(language: str, code: str, count: int) -> str:
    """Return the address of the list that says how many receipts were issued just now."""
    return f"{page_path(language_of(language), 'receipts', code=code)}?done={count}"


ROUTES = (
    receipts,
    donation_receipt,
    donation_receipt_pdf,
    receipts_archive,
    void,
)
