"""Provides invented gifts: who gives, how much, and the published list that tells of them."""

import csv
import io
from bisect import bisect
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Final

FEN: Final = 100
ENTERPRISES: Final = 160
CITIZENS: Final = 6_000
TRADES: Final = ("科技", "电子", "物流", "餐饮", "贸易", "设计", "文化传播", "医疗器械", "海洋工程")
GIVERS: Final = (("citizen", 78), ("masked", 9), ("enterprise", 8), ("nobody", 4), ("charity", 1))
GIVER_BOUNDS: Final = tuple(accumulate(share for _, share in GIVERS))
CITIZEN_FEN: Final = tuple(
    yuan * FEN for yuan in (1, 2, 5, 10, 20, 20, 50, 50, 50, 100, 100, 100, 200, 200, 500, 1000)
)
LARGEST_YUAN: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class SampleGift:
    """One invented gift, in fen; `donor` as the list prints it, empty for nobody."""

    day: date
    donor: str
    amount_fen: int


def _citizen_fen(random: Random) -> int:
    """Return a citizen's gift: mostly a round amount, at times a much larger one."""
    if random.random() < 0.02:
        return int(random.paretovariate(0.9) * 1_000 * FEN) % (200_000 * FEN) + 1_000 * FEN
    if random.random() < 0.06:
        return random.randrange(1, 10 * FEN)
    return random.choice(CITIZEN_FEN)


def _enterprise_fen(random: Random) -> int:
    """Return an enterprise's gift: a heavy tail that ends at eight million yuan."""
    thousands = min(int(random.paretovariate(0.75) * 3), LARGEST_YUAN // 1_000)
    return thousands * 1_000 * FEN


def _giver(random: Random) -> tuple[str, int]:
    kind = GIVERS[bisect(GIVER_BOUNDS, random.randrange(GIVER_BOUNDS[-1]))][0]
    match kind:
        case "citizen":
            number = 1 + int(CITIZENS * random.random() ** 3)
            return f"虚构市民{number:04d}", _citizen_fen(random)
        case "masked":
            return f"*虚构{random.randrange(90)}", _citizen_fen(random)
        case "enterprise":
            number = min(int(random.paretovariate(0.7)), ENTERPRISES)
            return f"示例{TRADES[number % len(TRADES)]}第{number}有限公司", _enterprise_fen(random)
        case "charity":
            return f"虚构省第{random.randrange(1, 4)}慈善总会", _enterprise_fen(random)
        case _:
            return "", _citizen_fen(random)


def invent_gifts(random: Random, first: date, days: int, count: int) -> list[SampleGift]:
    """Return gifts of a period in the order of their days."""
    drawn = sorted(random.randrange(days) for _ in range(count))
    return [SampleGift(first + timedelta(day), *_giver(random)) for day in drawn]


def published_list(title: str, gifts: list[SampleGift]) -> bytes:
    """Return gifts as a charity publishes them: title, unit, header, rows and total, as CSV."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([title])
    writer.writerow(["", "", "", "单位：元"])
    writer.writerow(["序号", "捐赠日期", "捐赠（单位/姓名）", "捐赠金额（元）"])
    for number, gift in enumerate(gifts, 1):
        writer.writerow(
            [number, gift.day.isoformat(), gift.donor or "爱心人士", yuan(gift.amount_fen)]
        )
    writer.writerow(["", "合计", "", yuan(sum(gift.amount_fen for gift in gifts))])
    return file.getvalue().encode("utf-8-sig")


def yuan(fen: int) -> str:
    """Return an amount in yuan with two decimals."""
    return f"{fen // FEN}.{fen % FEN:02d}"
