"""Provides what is wrong with a field, in words of both languages, from the errors of pydantic.

Each type of error has a sentence of its own; the value itself is never repeated, since it may name
a person.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ledger.messages import Message
from public_site.api.problem_kinds import INVALID_CONTENT
from public_site.api.problems import ApiProblem, FieldError

ERRORS_MAX: Final = 100
RECORDS: Final = "records"
Context = Mapping[str, Any]
Said = tuple[Message, Message]

WHOLE_NUMBER: Final = (
    Message("This is no whole number."),
    Message("Write a whole number without quotation marks, such as 10000 for 100 yuan."),
)
TEXT: Final = (Message("This is no text."), Message("Write a text in quotation marks."))
TRUTH: Final = (
    Message("This is neither true nor false."),
    Message("Write true or false, without quotation marks."),
)
DAY: Final = (
    Message("This is no day of the calendar."),
    Message("Write year, month and day, such as 2026-11-20."),
)
LIST: Final = (Message("This is no list."), Message("Write a list in square brackets."))
OBJECT: Final = (Message("This is no object."), Message("Write an object in curly brackets."))
CHOICE: Final = (
    Message("This is none of the possible values."),
    Message("The description of the API lists them."),
)
OTHER: Final = (
    Message("This value has a wrong form."),
    Message("Compare it with the description of the API."),
)
PLAIN: Final[Mapping[str, Said]] = {
    "missing": (Message("This field is missing."), Message("Add it.")),
    "extra_forbidden": (
        Message("There is no field of this name."),
        Message("Correct its name, or leave it out."),
    ),
    "int_type": WHOLE_NUMBER,
    "int_parsing": WHOLE_NUMBER,
    "int_parsing_size": WHOLE_NUMBER,
    "int_from_float": WHOLE_NUMBER,
    "finite_number": WHOLE_NUMBER,
    "string_type": TEXT,
    "string_unicode": TEXT,
    "bool_type": TRUTH,
    "bool_parsing": TRUTH,
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": DAY,
    "list_type": LIST,
    "tuple_type": LIST,
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "json_type": OBJECT,
    "json_invalid": OBJECT,
    "string_pattern_mismatch": (
        Message("This text has a wrong form."),
        Message("The description of the API says which characters are possible here."),
    ),
    "literal_error": CHOICE,
    "enum": CHOICE,
    "union_tag_invalid": (
        Message("There is no such kind of record."),
        Message("The description of the API lists the kinds."),
    ),
    "union_tag_not_found": (
        Message("The kind of the record is missing."),
        Message('Add “kind”, such as "kind": "gift".'),
    ),
}
WITH_LIMIT: Final[Mapping[str, Callable[[Context], Said]]] = {
    "string_too_short": lambda context: (
        Message("This text is too short."),
        Message("Write at least {least} characters.", least=context["min_length"]),
    ),
    "string_too_long": lambda context: (
        Message("This text is too long."),
        Message("Write at most {most} characters.", most=context["max_length"]),
    ),
    "too_short": lambda context: (
        Message("This holds too few."),
        Message("At least {least}.", least=context["min_length"]),
    ),
    "too_long": lambda context: (
        Message("This holds too many."),
        Message("At most {most}.", most=context["max_length"]),
    ),
    "greater_than": lambda context: (
        Message("This number is too small."),
        Message("It must be greater than {least}.", least=context["gt"]),
    ),
    "greater_than_equal": lambda context: (
        Message("This number is too small."),
        Message("It must be at least {least}.", least=context["ge"]),
    ),
    "less_than": lambda context: (
        Message("This number is too large."),
        Message("It must be less than {most}.", most=context["lt"]),
    ),
    "less_than_equal": lambda context: (
        Message("This number is too large."),
        Message("It must be at most {most}.", most=context["le"]),
    ),
}


def pointer_of(parts: tuple[str | int, ...]) -> str:
    """Return the JSON pointer (RFC 6901) to a place in a document."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def _place(error: ErrorDetails) -> tuple[str | int, ...]:
    """Return where an error is: pydantic names the kind of a record as if it were a field."""
    place = error["loc"]
    return place[:2] + place[3:] if place[:1] == (RECORDS,) and len(place) > 2 else place


def _said(error: ErrorDetails) -> Said:
    kind = error["type"]
    if kind in WITH_LIMIT:
        return WITH_LIMIT[kind](error.get("ctx", {}))
    return PLAIN.get(kind, OTHER)


def _field_error(error: ErrorDetails) -> FieldError:
    message, mend = _said(error)
    return FieldError(pointer_of(_place(error)), message, mend)


def _real(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where its items are wrong: those are not counted."""
    containers = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    return [
        error for error in errors if error["type"] != "too_short" or error["loc"] not in containers
    ]


def invalid_content(error: ValidationError) -> ApiProblem:
    """Return the problem that names each wrong field, the first hundred of them."""
    found = _real(error.errors(include_url=False, include_input=False))
    detail = None
    if len(found) > ERRORS_MAX:
        detail = Message(
            "{count} fields have mistakes; the first {shown} are listed. Nothing was saved.",
            count=len(found),
            shown=ERRORS_MAX,
        )
    errors = tuple(_field_error(one) for one in found[:ERRORS_MAX])
    return ApiProblem(INVALID_CONTENT, detail, errors)


def wrong_field(pointer: str, message: Message, mend: Message) -> ApiProblem:
    """Return the problem of content in which one field is wrong."""
    return ApiProblem(INVALID_CONTENT, errors=(FieldError(pointer, message, mend),))
