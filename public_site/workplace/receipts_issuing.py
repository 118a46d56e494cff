"""Provides the issuing of receipts in the workplace: gifts that have none, to be chosen from."""

from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode

from litestar import Response
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from charity.organisations.uscc import organisation_identifier
from charity.people.roles import Permission
from charity.receipts.issuing import NO_FISCAL_RECEIPTS, issue_receipts
from charity.receipts.lists import GiftFilter, batch_positions, gifts_without_receipt
from ledger.kinds.donation_receipt import FISCAL_DIGITS, FiscalReceipt
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.tables import MovementRow
from public_site.languages import language_of
from public_site.movements import movements
from public_site.rendering import SiteRequest, page_path
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.form_fields import WrongField, read_fields
from public_site.workplace.receipts import BATCH, REFERENCE, issued_address, today
from public_site.workplace.routing import workplace, workplace_action, workplace_page

GIFTS_ON_A_PAGE: Final = 100
ISSUED_AT_ONCE: Final = 50_000
FILTERS: Final = ("from_day", "to_day", "batch", "donor")
FORM_FIELDS: Final = ("which", "sure", "seen", "fiscal_code", "fiscal_number")
POSITION_DIGITS_MAX: Final = 18

Asked = Annotated[str, QueryParameter(max_length=40)]


class _Wanted:
    """Which gifts a reader asks for, and what is wrong with the question."""

    def __init__(self, given: dict[str, str]) -> None:
        self.given = given
        self.errors: dict[str, Message] = {}

    async def filter(self, code: str) -> GiftFilter:
        """Return the filter; where a field cannot be read, `errors` says so."""
        batch, donor = self.given["batch"], self.given["donor"]
        positions = None
        if batch:
            positions = await batch_positions(code, batch) if BATCH.fullmatch(batch) else None
            if positions is None:
                self.errors["batch"] = Message("There is no such batch in the ledger.")
        if donor and not REFERENCE.fullmatch(donor):
            self.errors["donor"] = Message("A reference has 32 digits from 0 to f.")
        return GiftFilter(self._day("from_day"), self._day("to_day"), positions, donor or None)

    def _day(self, field: str) -> str | None:
        if not self.given[field]:
            return None
        try:
            return date.fromisoformat(self.given[field]).isoformat()
        except ValueError:
            self.errors[field] = Message("Write a day as 2024-03-31.")
            return None


async def _shown(
    request: SiteRequest, language: str, code: str, wanted: _Wanted, after: int | None
) -> Response[str]:
    ledger: Ledger = request.app.state.ledger
    translate = translator(language_of(language))
    gifts = await wanted.filter(code)
    found: list[int] = []
    if not wanted.errors:
        found = await gifts_without_receipt(
            code, gifts, after=await _key(after), limit=ISSUED_AT_ONCE + 1
        )
    shown = found[:GIFTS_ON_A_PAGE]
    rows = (
        await MovementRow.select()
        .where(MovementRow.position.is_in(shown or [-1]))
        .order_by(MovementRow.day)
        .order_by(MovementRow.position)
    )
    kept = {name: value for name, value in wanted.given.items() if value}
    path = page_path(language_of(language), "receipts_issue", code=code)
    context = {
        "filters": wanted.given,
        "errors": {field: message.text(translate) for field, message in wanted.errors.items()},
        "gifts": await movements(ledger, rows, translate, organisation_identifier(code)),
        "count": min(len(found), ISSUED_AT_ONCE),
        "has_more": len(found) > ISSUED_AT_ONCE,
        "day_of_issue": date.fromisoformat(today(request)),
        "next_url": f"{path}?{urlencode({**kept, 'after': shown[-1]})}"
        if len(found) > len(shown)
        else None,
    }
    return await workplace(
        request, language, "workplace/receipts_issue.html", context, section="receipts"
    )


async def _key(position: int | None) -> tuple[str, int] | None:
    """Return day and position of the gift after which a page begins."""
    if position is None:
        return None
    row = await MovementRow.select(MovementRow.day).where(MovementRow.position == position).first()
    return (row["day"], position) if row else None


@workplace_page(
    "/{language:str}/workplace/{code:str}/receipts/issue", permission=Permission.ISSUE_RECEIPTS
)
async def gifts_to_choose(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    from_day: Asked = "",
    to_day: Asked = "",
    batch: Asked = "",
    donor: Asked = "",
    after: Annotated[int | None, QueryParameter(ge=0, le=10**18)] = None,
) -> Response[str]:
    """Show gifts that have no receipt, to be chosen."""
    given = {"from_day": from_day, "to_day": to_day, "batch": batch, "donor": donor}
    wanted = _Wanted({name: value.strip() for name, value in given.items()})
    return await _shown(request, language, code, wanted, after)


@workplace_action(
    "/{language:str}/workplace/{code:str}/receipts/issue",
    permission=Permission.ISSUE_RECEIPTS,
    act="receipt.issue",
)
async def issue(request: SiteRequest, language: FromPath[str], code: FromPath[str]) -> Redirect:
    """Issue receipts for the gifts chosen, or for all that the filter finds: in one write."""
    fields = await read_fields(request, *FILTERS, *FORM_FIELDS)
    ledger: Ledger = request.app.state.ledger
    if fields["which"] == "all":
        chosen = await _all_found(code, fields)
    else:
        form = await request.form()
        chosen = [_position(text) for text in form.getall("gift", [])]
    if not chosen:
        raise Refused("No gift was chosen: nothing was issued.")
    fiscal = _fiscal(fields["fiscal_code"].strip(), fields["fiscal_number"].strip(), chosen)
    async with ledger.write() as writer:
        issued = await issue_receipts(writer, code, chosen, today(request), fiscal)
    note_act(request, subject=f"#{issued.start}–#{issued.stop - 1}")
    return Redirect(issued_address(language, code, len(issued)), status_code=303)


async def _all_found(code: str, fields: dict[str, str]) -> list[int]:
    """Return all gifts that a filter finds, if these are as many as were seen and agreed to.

    Raises:
        Refused: the filter cannot be read, nobody agreed, or there are other gifts meanwhile.
    """
    wanted = _Wanted({name: fields[name].strip() for name in FILTERS})
    gifts = await wanted.filter(code)
    if wanted.errors:
        raise WrongField.at(*next(iter(wanted.errors.items())))
    if not fields["sure"]:
        raise Refused("Tick the box to agree that receipts are issued for all gifts found.")
    chosen = await gifts_without_receipt(code, gifts, limit=ISSUED_AT_ONCE)
    if fields["seen"] != str(len(chosen)):
        raise Refused(
            "There were {seen} gifts without a receipt when you looked, now there are {count}. Look"
            " again before you issue.",
            seen=fields["seen"] or 0,
            count=len(chosen),
        )
    return chosen


def _position(text: object) -> int:
    if not (isinstance(text, str) and text.isascii() and text.isdigit()):
        raise Refused("No gift was chosen: nothing was issued.")
    return int(text[:POSITION_DIGITS_MAX])


def _fiscal(code: str, number: str, gifts: list[int]) -> dict[int, FiscalReceipt]:
    """Return the fiscal receipt of the only gift chosen.

    Raises:
        Refused: one of its two numbers is missing or wrong, or it is given for several gifts.
    """
    if not code and not number:
        return dict(NO_FISCAL_RECEIPTS)
    if len(gifts) != 1:
        raise Refused("An official fiscal receipt belongs to one gift: choose only this one.")
    if not (FISCAL_DIGITS.fullmatch(code) and FISCAL_DIGITS.fullmatch(number)):
        raise Refused("Code and number of an official fiscal receipt are 6 to 12 digits each.")
    return {gifts[0]: FiscalReceipt(code=code, number=number)}


ROUTES = (gifts_to_choose, issue)
