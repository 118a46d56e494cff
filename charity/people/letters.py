"""Provides the letters that people get: in both languages, the reader's first."""

from collections.abc import Sequence
from dataclasses import dataclass

from charity.people.invitations import InvitationView
from charity.people.roles import ROLE_NAMES
from ledger.messages import Message, Translate


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter before it is put into a language."""

    subject: Message
    paragraphs: tuple[Message, ...]


def written(letter: Letter, languages: Sequence[Translate]) -> tuple[str, str]:
    """Return subject and text of a letter, in one language after the other."""
    subject = " · ".join(letter.subject.text(translate) for translate in languages)
    texts = (
        "\n\n".join(paragraph.text(translate) for paragraph in letter.paragraphs)
        for translate in languages
    )
    return subject, "\n\n----\n\n".join(texts) + "\n"


def invitation_letter(invitation: InvitationView, link: str) -> Letter:
    """Return the letter that invites somebody to a role."""
    role = ROLE_NAMES[invitation.role]
    if invitation.organisation_name is None:
        task = Message("You are invited to Charity City as {role}.", role=role)
    else:
        task = Message(
            "You are invited to Charity City as {role} of {organisation}.",
            role=role,
            organisation=invitation.organisation_name,
        )
    return Letter(
        subject=Message("Invitation to Charity City"),
        paragraphs=(
            task,
            Message("Open this link within seven days to accept:\n{link}", link=link),
            Message("If you do not know what this is about, do nothing: the link runs out."),
        ),
    )


def reset_letter(link: str) -> Letter:
    """Return the letter with the link for a new password."""
    return Letter(
        subject=Message("New password for Charity City"),
        paragraphs=(
            Message("Open this link within an hour to choose a new password:\n{link}", link=link),
            Message(
                "If you did not ask for this, do nothing: your password stays as it is. Nobody who"
                " asks you for this link or your password is from Charity City."
            ),
        ),
    )
