"""Provides messages for people: a translatable sentence with its values, and errors that carry one.

The rooms below the site know what happened but not the reader's language. They raise or return a
`Message`; whoever shows it hands in the translation.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

Translate: TypeAlias = Callable[[str], str]


def untranslated(template: str) -> str:
    """Return the English template itself: the translation used where no language is chosen."""
    return template


class Message:
    """A sentence in English with `{named}` places, and the values that fill them.

    The template is what translators see, so it stands in the code as a literal: Babel collects the
    first argument of every `Message(...)` and `Refused(...)` call.
    """

    __slots__ = ("template", "values")

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values: Mapping[str, object] = values

    def text(self, translate: Translate = untranslated) -> str:
        """Return the sentence in the language of `translate`."""
        return translate(self.template).format(
            **{
                name: value.text(translate) if isinstance(value, Message) else value
                for name, value in self.values.items()
            }
        )

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Message({self.text()!r})"


class Refused(Exception):  # noqa: N818 (it is an answer, not a failure of the program)
    """Something that a person asked for is refused, with the reason as a `Message`."""

    def __init__(self, template: str, /, **values: object) -> None:
        self.message = Message(template, **values)
        super().__init__(self.message.text())


class WrongUse(Refused):
    """What a person asked for names something that is not there, or has a wrong form."""
