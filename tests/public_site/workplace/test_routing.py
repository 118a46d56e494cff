"""Tests of who may open which page of the workplace."""

from charity.people.roles import Role
from tests.conftest import ORGANISATION
from tests.public_site.workplace.conftest import SignedIn

OVERVIEW = f"/zh/workplace/{ORGANISATION}"


async def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page(signed_in: SignedIn) -> None:
    answer = await (await signed_in()).get(OVERVIEW)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/zh/workplace/sign-in?next={OVERVIEW}"


async def test_a_maker_opens_the_own_workplace_and_no_other(signed_in: SignedIn) -> None:
    own = await (await signed_in(Role.MAKER)).get(OVERVIEW)
    assert own.status_code == 200
    assert own.headers["cache-control"] == "no-store"
    other = await (await signed_in(Role.MAKER, "53440300MJL1234568")).get(OVERVIEW)
    assert other.status_code == 403


async def test_a_checker_without_second_factor_is_sent_to_prove_it(signed_in: SignedIn) -> None:
    answer = await (await signed_in(Role.CHECKER, second_factor=False)).get(OVERVIEW)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/zh/workplace/second-factor?next={OVERVIEW}"
