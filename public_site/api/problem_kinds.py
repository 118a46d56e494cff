"""Provides the kinds of problems that the API answers with, each explained on a page of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.messages import Message


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem (RFC 9457 §3.1.1): its code is the end of its page's address."""

    code: str
    status: int
    title: Message
    detail: Message
    mend: Message


MALFORMED: Final = ProblemKind(
    "malformed-request",
    400,
    Message("The request cannot be read"),
    Message("The address, a header or the body has a form that cannot be read."),
    Message("Compare the request with the description of the API, and send it again."),
)
MALFORMED_JSON: Final = ProblemKind(
    "malformed-json",
    400,
    Message("The body is no clean JSON"),
    Message("The body must be JSON in UTF-8 that every program reads in the same way (RFC 7493)."),
    Message(
        "Write each name once in an object, no NaN or Infinity, no control characters, at most"
        " 64 levels of nesting."
    ),
)
INVALID_PARAMETER: Final = ProblemKind(
    "invalid-parameter",
    400,
    Message("A parameter has a wrong value"),
    Message("A parameter of the address or a header has a value that it cannot have."),
    Message("The errors name the parameter and what it may be."),
)
MISSING_IDEMPOTENCY_KEY: Final = ProblemKind(
    "missing-idempotency-key",
    400,
    Message("The header Idempotency-Key is missing or has a wrong form"),
    Message("Without it, a request that is sent twice could report the same gifts twice."),
    Message(
        "Draw a new key for each batch, such as a UUID: 1 to 100 visible ASCII characters. Send"
        " the same key again when you repeat the request."
    ),
)
NO_TOKEN: Final = ProblemKind(
    "token-missing",
    401,
    Message("A token is needed"),
    Message("The API is open to programs of organisations that hold a token."),
    Message(
        "Make a token in the workplace, on the page “Programs”, and send it in the header"
        " “Authorization: Bearer …”."
    ),
)
INVALID_TOKEN: Final = ProblemKind(
    "token-invalid",
    401,
    Message("This token opens nothing"),
    Message(
        "The token is unknown, expired or revoked, or the person who made it no longer reports"
        " for the organisation."
    ),
    Message("Make a new token in the workplace, on the page “Programs”."),
)
INSUFFICIENT_SCOPE: Final = ProblemKind(
    "scope-missing",
    403,
    Message("The token does not reach so far"),
    Message("The token lacks the scope that this request needs."),
    Message("Make a token with this scope, or use another one that has it."),
)
NOT_FOUND: Final = ProblemKind(
    "not-found",
    404,
    Message("There is nothing here"),
    Message("There is no such address, or no such batch of this organisation."),
    Message("Look at the address again. A token sees only the batches of its own organisation."),
)
METHOD_NOT_ALLOWED: Final = ProblemKind(
    "method-not-allowed",
    405,
    Message("This address does not take this method"),
    Message("The header Allow names the methods that this address takes."),
    Message("Compare the method with the description of the API."),
)
KEY_REUSED: Final = ProblemKind(
    "idempotency-key-reused",
    409,
    Message("This key was used for something else"),
    Message("A batch with the same Idempotency-Key and other content is there already."),
    Message("Draw a new key for new content; repeat the very same request with the same key."),
)
REFUSED: Final = ProblemKind(
    "refused",
    409,
    Message("This cannot be done now"),
    Message("The batch is in a state that does not allow this."),
    Message("Read the batch again (GET), and go on from the state that it is in."),
)
CHANGED_MEANWHILE: Final = ProblemKind(
    "changed-meanwhile",
    412,
    Message("The batch was changed meanwhile"),
    Message("The header If-Match names another version than the batch has now."),
    Message("Read the batch again (GET), look at what changed, and send If-Match with its ETag."),
)
TOO_LARGE: Final = ProblemKind(
    "content-too-large",
    413,
    Message("The content is too large"),
    Message("The body holds more bytes than are taken at once."),
    Message("Divide it into several batches."),
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemKind(
    "unsupported-media-type",
    415,
    Message("This kind of content is not taken"),
    Message("Records are sent as application/json, lists as multipart/form-data."),
    Message("Set the header Content-Type to one of them; send the body uncompressed."),
)
INVALID_CONTENT: Final = ProblemKind(
    "invalid-content",
    422,
    Message("The content has mistakes"),
    Message("Some fields cannot be taken as they are. Nothing was saved."),
    Message("The errors name each field with a JSON pointer (RFC 6901), and how to mend it."),
)
PRECONDITION_REQUIRED: Final = ProblemKind(
    "if-match-missing",
    428,
    Message("The header If-Match is missing"),
    Message("Whoever replaces a batch says which version of it was seen."),
    Message("Read the batch (GET) and send its ETag in the header If-Match."),
)
TOO_MANY_REQUESTS: Final = ProblemKind(
    "too-many-requests",
    429,
    Message("Too many requests"),
    Message("Each token may make 120 requests a minute."),
    Message("Wait as many seconds as the header Retry-After says, then go on more slowly."),
)
INTERNAL: Final = ProblemKind(
    "internal-error",
    500,
    Message("Something is broken on our side"),
    Message("The error is recorded. Nothing in the ledger was changed by it."),
    Message("Try again later with the same Idempotency-Key; tell the operator the “instance”."),
)

KINDS: Final[Mapping[str, ProblemKind]] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            MALFORMED,
            MALFORMED_JSON,
            INVALID_PARAMETER,
            MISSING_IDEMPOTENCY_KEY,
            NO_TOKEN,
            INVALID_TOKEN,
            INSUFFICIENT_SCOPE,
            NOT_FOUND,
            METHOD_NOT_ALLOWED,
            KEY_REUSED,
            REFUSED,
            CHANGED_MEANWHILE,
            TOO_LARGE,
            UNSUPPORTED_MEDIA_TYPE,
            INVALID_CONTENT,
            PRECONDITION_REQUIRED,
            TOO_MANY_REQUESTS,
            INTERNAL,
        )
    }
)

BY_STATUS: Final[Mapping[int, ProblemKind]] = MappingProxyType(
    {
        400: MALFORMED,
        401: NO_TOKEN,
        403: INSUFFICIENT_SCOPE,
        404: NOT_FOUND,
        405: METHOD_NOT_ALLOWED,
        413: TOO_LARGE,
        415: UNSUPPORTED_MEDIA_TYPE,
        422: INVALID_CONTENT,
        429: TOO_MANY_REQUESTS,
    }
)
"""The kind for an error that the web framework raises by itself."""
