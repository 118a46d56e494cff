"""Provides the fields that a form brings, as text of a bounded length."""

from typing import Final

from ledger.messages import Message, Refused
from public_site.rendering import SiteRequest

FIELD_CHARACTERS_MAX: Final = 2_000


class WrongField(Refused):
    """A field of a form holds what it cannot hold."""

    field: str = ""

    @classmethod
    def at(cls, field: str, message: Message) -> "WrongField":
        """Return the refusal of one field, with what is wrong with it."""
        made = cls(message.template, **message.values)
        made.field = field
        return made


async def read_fields(request: SiteRequest, *names: str) -> dict[str, str]:
    """Return these fields of the form; one that is missing, or is a file, is empty.

    The one character that PostgreSQL does not take is left out.
    """
    form = await request.form()
    given = ((name, form.get(name)) for name in names)
    return {
        name: value[:FIELD_CHARACTERS_MAX].replace("\0", "") if isinstance(value, str) else ""
        for name, value in given
    }
