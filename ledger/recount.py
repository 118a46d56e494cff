"""Provides the recount of a log: what its entries add up to, from their bytes alone.

A stranger who has checked that the entries are those of a signed checkpoint checks here that they
are sound by the ledger's own rules, and gets the totals that every page must agree with.
"""

from array import array
from collections import Counter
from collections.abc import Callable

from ledger.accounts import ALL, DONOR_PREFIX, TRUSTS, must_stay_covered
from ledger.counting import COLUMNS, PLEDGED, TotalRow, new_groups, total_rows
from ledger.entries import CURRENCY, GOODS_PREFIX, Entry
from ledger.kinds import parse_canonical_entry, parse_entry
from ledger.messages import Message, Refused
from ledger.references import References, reference_of
from ledger.summaries import is_balanced, pledged

FEN_OF_A_YUAN = 100
HASHES_AT_ONCE = 500_000


def yuan(fen: int) -> str:
    """Return an amount in yuan with two decimals; so are those in the other currencies written."""
    whole, rest = divmod(abs(fen), FEN_OF_A_YUAN)
    return f"{'−' if fen < 0 else ''}{whole:,}.{rest:02d}"


def amount_text(amount: int, unit: str | None) -> str:
    """Return an amount with its unit: 12.50 CNY, 300 goods:N95口罩/个."""
    if unit is None:
        return "–"
    return f"{amount:,} {unit}" if unit.startswith(GOODS_PREFIX) else f"{yuan(amount)} {unit}"


class Recount:
    """Adds up entries in the order of the log, and refuses the first unsound one.

    Args:
        read: returns the bytes of an earlier entry, proven to be in the same log. With it refunds,
            reversals, corrections, gifts against pledges and receipts of donations are checked
            against what they refer to, the series of receipts have no gap, and a repeated id is
            found. Without it these checks are left out.
    """

    def __init__(self, read: Callable[[int], bytes] | None = None) -> None:
        self._read = read
        self._references = References(self._entry) if read else None
        self._referring = 0
        self._balances: Counter[tuple[str, str]] = Counter()
        self._groups = new_groups()
        self._id_hashes = array("q")

    def _entry(self, position: int) -> Entry:
        if self._read is None:
            raise LookupError(position)
        return parse_entry(self._read(position))

    def add(self, index: int, body: bytes) -> None:
        """Take the next entry.

        Raises:
            Refused: it is no entry or not canonical, its postings do not follow from its facts or
                do not sum to zero, it brings a fund, goods or a trust below zero, or it breaks a
                rule about the entry that it refers to.
        """
        try:
            entry = parse_canonical_entry(body)
            if self._references is not None:
                self._references.add(index, entry)
        except Refused as refusal:
            raise Refused(
                "Entry {index} is unsound: {reason}", index=index, reason=refusal.message
            ) from refusal
        self._referring += reference_of(entry) is not None
        # Python keys its hash of texts anew in every process: nobody can prepare a collision.
        self._id_hashes.append(hash(entry.id))
        self._post(index, entry)

    def _post(self, index: int, entry: Entry) -> None:
        if not is_balanced(entry.postings):
            raise Refused("The postings of entry {id} do not sum to zero.", id=entry.id)
        counting = entry.facts.counting
        for posting in entry.postings:
            account, unit, amount = posting.account, posting.unit, posting.amount
            if account.startswith(DONOR_PREFIX) or not must_stay_covered(account):
                continue
            self._balances[account, unit] += amount
            if self._balances[account, unit] < 0:
                raise Refused(
                    "Entry {index} brings {account} below zero.", index=index, account=account
                )
            group = self._groups[account, unit, ALL, counting, amount > 0]
            group[0] += 1
            group[1] += amount
        if counting is PLEDGED:
            (account, unit, _, counted, gains), amount = pledged(entry)
            self._groups[account, unit, ALL, counted, gains][1] += amount

    @property
    def held_fen(self) -> int:
        """What the funds hold in yuan, from their postings, in fen."""
        return self.held(CURRENCY)

    def held(self, unit: str, *, trusts: bool = False) -> int:
        """Return what all funds hold of a unit, or all trusts, from their postings."""
        return sum(
            amount
            for (account, of_unit), amount in self._balances.items()
            if of_unit == unit and account.startswith("trusts/") == trusts
        )

    def totals(self) -> list[TotalRow]:
        """Return the totals of all months, by scope and unit, as `ledger_total` holds them."""
        return total_rows(self._groups)

    def check_ids(self) -> None:
        """Check that no two entries have the same id; eight bytes are kept for each entry.

        Raises:
            Refused: two have; the second would count one fact twice.
        """
        if self._read is None:
            return
        suspects = _repeated(self._id_hashes)
        seen: dict[str, int] = {}
        for position, hashed in enumerate(self._id_hashes if suspects else ()):
            if hashed not in suspects:
                continue
            first = seen.setdefault(entry_id := self._entry(position).id, position)
            if first != position:
                raise Refused(
                    "The entries {first} and {second} have the same id, {id}.",
                    first=first,
                    second=position,
                    id=entry_id,
                )

    def findings(self) -> list[Message]:
        """Return in words what the entries add up to.

        Raises:
            Refused: two entries have the same id.
        """
        self.check_ids()
        found = [
            Message("{count} entries are canonical JSON.", count=len(self._id_hashes)),
            Message("The postings of every entry sum to zero, and no fund was ever below zero."),
        ]
        if self._references is not None:
            found.append(Message("No two entries have the same id."))
            if self._referring:
                found.append(
                    Message(
                        "{count} entries refer to earlier ones as the rules allow: no refund"
                        " exceeds its gift, nothing was reversed twice.",
                        count=self._referring,
                    )
                )
            if self._references.series:
                found.append(
                    Message(
                        "{count} series of receipts of donations have no gap, and no gift has two"
                        " valid receipts.",
                        count=self._references.series,
                    )
                )
            relations = self._references.relations
            if relations.merges or relations.ownerships:
                found.append(
                    Message(
                        "{merges} merges of donors and {ownerships} ownerships between them are"
                        " sound: no ownership goes round in a circle.",
                        merges=len(relations.merges),
                        ownerships=len(relations.ownerships),
                    )
                )
        return [*found, *self._total_findings()]

    def _total_findings(self) -> list[Message]:
        totals = {
            (scope, unit): dict(zip(COLUMNS, columns, strict=True))
            for scope, _, unit, *columns in self.totals()
        }
        yuan_totals = totals.pop((ALL, CURRENCY), dict.fromkeys(COLUMNS, 0))
        found = [
            Message(
                "{gifts} gifts; received {received} yuan (of it {transferred} passed on by other"
                " charities), paid back {refunded}, spent {spent}, held {held}.",
                gifts=yuan_totals["gifts"],
                received=yuan(yuan_totals["received"]),
                transferred=yuan(yuan_totals["transferred"]),
                refunded=yuan(yuan_totals["refunded"]),
                spent=yuan(yuan_totals["spent"]),
                held=yuan(self.held_fen),
            )
        ]
        if yuan_totals["passed_on"]:
            found.append(
                Message(
                    "{amount} yuan were passed on within the ledger: they are in received twice.",
                    amount=yuan(yuan_totals["passed_on"]),
                )
            )
        if yuan_totals["pledged"]:
            found.append(
                Message(
                    "{amount} yuan were pledged; a pledge is no gift until it is paid.",
                    amount=yuan(yuan_totals["pledged"]),
                )
            )
        for (scope, unit), columns in sorted(totals.items()):
            if scope in {ALL, TRUSTS} and columns["received"]:
                found.append(self._further(scope, unit, columns))
        return found

    def _further(self, scope: str, unit: str, columns: dict[str, int]) -> Message:
        """Return the sentence for another currency, for goods, or for the trusts."""
        in_trust = scope == TRUSTS
        template = (
            Message("Charitable trusts") if in_trust else Message("Other currencies and goods")
        )
        return Message(
            "{scope}, {unit}: received {received}, spent {spent}, held {held}.",
            scope=template,
            unit=unit,
            received=amount_text(columns["received"], unit),
            spent=amount_text(columns["spent"], unit),
            held=amount_text(self.held(unit, trusts=in_trust), unit),
        )


def _repeated(hashes: "array[int]") -> set[int]:
    """Return the numbers that are there more than once, sorting a part of them at a time."""
    parts = 1 + len(hashes) // HASHES_AT_ONCE
    repeated: set[int] = set()
    for part in range(parts):
        before = None
        for hashed in sorted(number for number in hashes if number % parts == part):
            if hashed == before:
                repeated.add(hashed)
            before = hashed
    return repeated
