"""Tests of letters: both languages, the link in each, the reader's first."""

from charity.people.invitations import InvitationState, InvitationView
from charity.people.letters import invitation_letter, reset_letter, written
from charity.people.roles import Role
from ledger.messages import untranslated
from tests.charity.people.inventing import EMAIL
from tests.conftest import ORGANISATION

LINK = "https://log.example/zh/workplace/invitations/xyz"


def invitation(role: Role, organisation: str | None, name: str | None) -> InvitationView:
    return InvitationView(
        id="id",
        email=EMAIL,
        name="",
        language="zh",
        role=role,
        organisation=organisation,
        organisation_name=name,
        invited_by=None,
        made_at="",
        expires_at="",
        state=InvitationState.OPEN,
        has_account=False,
    )


def shouted(template: str) -> str:
    """Stand in for another language; what is in braces stays."""
    return template.replace("You are invited", "YOU ARE INVITED").replace("maker", "MAKER")


def test_an_invitation_names_role_and_organisation_in_both_languages() -> None:
    letter = invitation_letter(invitation(Role.MAKER, ORGANISATION, "示例基金会"), LINK)
    subject, text = written(letter, (shouted, untranslated))
    assert subject == "Invitation to Charity City · Invitation to Charity City"
    first, second = text.split("----")
    assert "YOU ARE INVITED to Charity City as MAKER of 示例基金会." in first
    assert "You are invited to Charity City as maker of 示例基金会." in second
    assert LINK in first
    assert LINK in second


def test_an_invitation_to_the_platform_names_no_organisation() -> None:
    _, text = written(invitation_letter(invitation(Role.JUDGE, None, None), LINK), (untranslated,))
    assert text.startswith("You are invited to Charity City as judge.\n\n")


def test_a_reset_says_how_long_the_link_is_good() -> None:
    _, text = written(reset_letter(LINK), (untranslated,))
    assert f"within an hour to choose a new password:\n{LINK}\n" in text
