"""Tests of near names: what makes no difference, what does, and that 100,000 names take seconds."""

from random import Random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.donors.same_names import Likely, Likeness, likeness_of, near_names, read_name

NAMES_IN_BULK = 20_000
SECONDS_MAX = 30


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("示例科技（深圳）有限公司", "示例科技(深圳)有限公司", Likeness.WRITING),
        ("示例 科技 有限公司", "示例科技有限公司", Likeness.WRITING),
        ("ＡＢ示例有限公司", "ab示例有限公司", Likeness.WRITING),
        ("示例國際貿易有限公司", "示例国际贸易有限公司", Likeness.WRITING),
        ("Shili Trading Co., Ltd.", "SHILI TRADING CO LTD", Likeness.WRITING),
        ("深圳市示例科技有限公司", "示例科技有限公司", Likeness.PLACE),
        ("广东省深圳市示例科技有限公司", "深圳示例科技有限公司", Likeness.PLACE),
        ("示例科技（深圳）有限公司", "深圳市示例科技有限公司", Likeness.PLACE),
        ("深圳川示例科技有限公司", "深圳圳示例科技有限公司", Likeness.WRITING),
        ("示例科技有限公司", "示例科技有限责任公司", Likeness.FORM),
        ("示例实业集团", "深圳市示例实业股份有限公司", Likeness.FORM),
        ("示例实业集团有限公司", "示例实业有限公司", Likeness.FORM),
        ("示例科技有限公司深圳分公司", "示例科技有限公司深圳市分公司", Likeness.FORM),
        ("示例科技发展实业有限公司", "示列科技发展实业有限公司", Likeness.SLIP),
        ("示例科技发展实业有限公司", "示例科技发实业有限公司", Likeness.SLIP),
    ],
)
def test_names_that_may_be_one(one: str, other: str, likeness: Likeness) -> None:
    assert likeness_of(read_name(one), read_name(other)) is likeness
    assert likeness_of(read_name(other), read_name(one)) is likeness
    assert near_names([one, "虚构另一家有限公司", other]) == [Likely(0, 2, likeness)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("示例科技有限公司", "示例科技有限公司深圳分公司"),
        ("示例科技有限公司广州分公司", "示例科技有限公司深圳分公司"),
        ("示例科技有限公司", "示例科技有限公司工会"),
        ("示例科技第1有限公司", "示例科技第2有限公司"),
        ("虚构市第一中学校友联合会", "虚构市第二中学校友联合会"),
        ("虚构东方建设工程有限公司", "虚构西方建设工程有限公司"),
        ("示例有限公司", "虚例有限公司"),
        ("示例科技有限公司", "示列科技有限公司"),
        ("示例科技发展实业有限公司", "示列科技发晨实业有限公司"),
        ("公司", "集团"),
    ],
)
def test_names_that_are_two(one: str, other: str) -> None:
    assert likeness_of(read_name(one), read_name(other)) is None
    assert near_names([one, other]) == []


names = st.text("示例列虚构深圳市科技有限责任公司集团（）() 1一发展", min_size=1, max_size=14)


@given(st.lists(names, max_size=12))
def test_every_pair_that_is_alike_is_found(given_names: list[str]) -> None:
    readings = [read_name(name) for name in given_names]
    expected = {
        (one, other)
        for other in range(len(readings))
        for one in range(other)
        if likeness_of(readings[one], readings[other]) not in {None, Likeness.SLIP}
    }
    found = {(pair.one, pair.other) for pair in near_names(given_names)}
    assert expected <= found
    for one, other in found:
        assert likeness_of(readings[one], readings[other]) is not None


@given(names, st.data())
def test_a_slip_is_found_among_others(name: str, data: st.DataObject) -> None:
    long = f"虚构长名字的示例{name}"
    place = data.draw(st.integers(0, len(long) - 1))
    slipped = long[:place] + "贰" + long[place + 1 :]
    likeness = likeness_of(read_name(long), read_name(slipped))
    found = near_names([long, "虚构无关的另一个名字", slipped])
    assert bool(found) == (likeness is not None)


def test_names_left_with_the_same_by_the_hundred_are_a_pattern() -> None:
    alike = [f"示例科技{' ' * number}有限公司" for number in range(500)]
    assert len(near_names(alike)) == 20 * 19 // 2


def test_the_time_grows_with_the_names_not_with_their_square() -> None:
    random = Random(7)
    characters = [chr(code) for code in range(0x4E00, 0x5200)]
    made = [
        f"深圳市{''.join(random.choices(characters, k=4))}科技发展有限公司"
        for _ in range(NAMES_IN_BULK)
    ]
    start = perf_counter()
    near_names(made)
    assert perf_counter() - start < SECONDS_MAX, "each against each would take many minutes"
