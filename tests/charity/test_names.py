"""Provides tests of what a donor's name tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.donors.names import (
    clean_name,
    holds_personal_number,
    is_charity,
    is_masked,
    is_organisation,
    names_nobody,
    split_on_behalf,
)


@pytest.mark.parametrize("text", ["", " \u3000", "-", "/", "无", "\u200b", " — "])
def test_names_of_nobody(text: str) -> None:
    assert clean_name(text) is None


def test_names_keep_their_characters() -> None:
    assert clean_name(" 虚构\u3000\t（Ａ）\u200b公司 ") == "虚构 （Ａ）公司"


@pytest.mark.parametrize(
    "name",
    [
        "*静",
        "虚**",
        "虚＊",
        "某先生",
        "虚某某",
        "虚某",
        "某公司",
        "虚XX",
        "虚先生",
        "爱心人士",
        "匿名",
    ],
)
def test_masked_names(name: str) -> None:
    assert is_masked(name)
    assert not is_organisation(name)


@pytest.mark.parametrize("name", ["虚构者", "示例甲", "示例科技有限公司", "Example Name"])
def test_names_that_are_not_masked(name: str) -> None:
    assert not is_masked(name)


@pytest.mark.parametrize(
    "name",
    [
        "示例（深圳）科技有限公司",
        "示例（集团）股份有限公司",
        "深圳市示例基金会",
        "示例市红十字会",
        "示例市红十字会(示例市女企业家协会)",
        "示例省示例市第一中学",
        "示例区第2人民医院",
        "示例集团工会",
        "示例公司工会委员会",
    ],
)
def test_organisations(name: str) -> None:
    assert is_organisation(name)


@pytest.mark.parametrize(
    "name",
    [
        "虚构甲",
        "虚大学",
        "虚构大学",
        "公司",
        "示例公司（虚构甲）",
        "虚构甲（示例科技有限公司）",
        "示例有限公司 虚构甲",
        "示例公司、虚构乙公司",
        "虚构甲及示例有限公司",
        "虚构甲转来示例有限公司",
        "虚构甲代示例有限公司",
        "1虚构甲600元2虚构乙300元示例公司",
        "示例公司员工",
        "示例" * 40 + "公司",
        "Example Foundation Ltd",
        "虚构甲-示例公司",
    ],
)
def test_what_is_not_surely_an_organisation(name: str) -> None:
    assert not is_organisation(name)


@pytest.mark.parametrize(
    "name", ["示例市慈善总会", "深圳市示例公益基金会", "示例市红十字会（示例协会）"]
)
def test_charities(name: str) -> None:
    assert is_charity(name)


@pytest.mark.parametrize("name", ["示例科技有限公司", "虚构甲", "虚构甲（示例市慈善会）"])
def test_what_is_no_charity(name: str) -> None:
    assert not is_charity(name)


@given(st.text(max_size=80))
def test_a_charity_is_an_organisation_and_never_masked(name: str) -> None:
    assert not is_charity(name) or is_organisation(name)
    assert not (is_organisation(name) and is_masked(name))


PEOPLE = st.text(st.sampled_from("虚构甲乙丙·小学三年7班"), min_size=1, max_size=12)


@given(PEOPLE, PEOPLE, st.sampled_from(["捐款", "捐赠", "的捐款", ""]))
def test_a_payer_is_not_the_donor(payer: str, donor: str, word: str) -> None:
    assert split_on_behalf(f"{payer}转来{donor}{word}") == (payer, donor)


@pytest.mark.parametrize(
    "name", ["虚构甲", "转来", "转来虚构甲", "虚构甲转来", "虚构甲捐款", "虚构甲转来捐款"]
)
def test_names_of_one_donor_stay_whole(name: str) -> None:
    assert split_on_behalf(name) == (None, name)


@pytest.mark.parametrize("name", ["匿名", "爱心人士", "无名氏", "Anonymous"])
def test_words_that_name_nobody(name: str) -> None:
    assert names_nobody(name)
    assert is_masked(name)


@pytest.mark.parametrize("name", ["", "*静", "某先生", "虚构甲", "爱心人士虚构甲"])
def test_names_that_name_somebody(name: str) -> None:
    assert not names_nobody(name)


@given(
    st.lists(st.sampled_from("0123456789０９"), min_size=1, max_size=20),
    st.sampled_from(["", " ", "-", "－", " - ", "\u3000"]),
    st.sampled_from(["", "虚构甲", "示例（"]),
)
def test_seven_digits_in_a_run_may_be_a_persons_number(
    digits: list[str], between: str, name: str
) -> None:
    assert holds_personal_number(name + between.join(digits) + name) is (len(digits) >= 7)


@pytest.mark.parametrize("name", ["138****0000", "虚构甲123456", "1虚2构3甲4乙5丙6丁7"])
def test_short_runs_of_digits_are_no_persons_number(name: str) -> None:
    assert not holds_personal_number(name)
