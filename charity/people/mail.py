"""Provides mail: plain text through the SMTP server of the settings, or none at all."""

import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from charity.people.particulars import parse_email
from ledger.messages import Message, Refused, WrongUse

SECONDS_MAX: Final = 20
TLS_PORT: Final = 465
SUBMISSION_PORT: Final = 587


@dataclass(frozen=True, slots=True)
class _Server:
    """Where mail goes out: TLS from the start, by STARTTLS, or (only if asked for) none."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: bool
    starttls: bool


def _parse_server(address: str) -> _Server:
    """Return what an address such as smtp://user:password@mail.example:587 says.

    Raises:
        WrongUse: it has another form.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    options = parse_qs(parts.query)
    if parts.scheme not in {"smtp", "smtps"} or not host:
        raise WrongUse(
            "CHARITY_SMTP is no address of a mail server. Write it like this:"
            " smtp://user:password@mail.example.org:587 (or smtps://… for TLS from the start)."
        )
    tls = parts.scheme == "smtps"
    return _Server(
        host=host,
        port=port or (TLS_PORT if tls else SUBMISSION_PORT),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        starttls=not tls and options.get("starttls") != ["no"],
    )


class Mail:
    """Sends mail; without a server it sends nothing, and callers show their links instead."""

    def __init__(
        self,
        server: str,
        sender: str,
        *,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS_MAX,
    ) -> None:
        """Take CHARITY_SMTP and CHARITY_MAIL_FROM as they stand in the settings.

        Raises:
            WrongUse: one of them has a wrong form.
        """
        self._server = _parse_server(server) if server else None
        self._sender = _parse_sender(sender) if server else None
        self._tls = tls
        self._seconds = seconds

    @property
    def is_set_up(self) -> bool:
        """Whether there is a server, so that mail goes out."""
        return self._server is not None

    async def send(self, to: str, subject: str, text: str) -> bool:
        """Send a letter; return False where no server is set up, and nothing was sent.

        Raises:
            Refused: the server cannot be reached, or does not take the letter.
        """
        if self._server is None or self._sender is None:
            return False
        letter = EmailMessage(policy=SMTP_POLICY)
        letter["From"] = self._sender
        letter["To"] = Address(addr_spec=parse_email(to))
        letter["Subject"] = " ".join(subject.split())
        letter["Date"] = formatdate(usegmt=True)
        letter["Message-ID"] = make_msgid(domain=self._sender.domain)
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
        letter.set_content(text, charset="utf-8", cte="base64")
        try:
            await self._deliver(self._server, letter)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Refused(
                "The mail could not be sent: {reason} Nothing else was lost. Hand the link over"
                " yourself, or have CHARITY_SMTP put right and send it again.",
                reason=_reason(error),
            ) from None  # what the server says may name the person
        return True

    async def _deliver(self, server: _Server, letter: EmailMessage) -> None:
        await aiosmtplib.send(
            letter,
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls,
            start_tls=server.starttls,
            tls_context=self._tls,
            timeout=self._seconds,
        )


def _parse_sender(text: str) -> Address:
    try:
        return Address(addr_spec=parse_email(text))
    except Refused as error:
        raise WrongUse(
            "CHARITY_MAIL_FROM is no e-mail address. Write it like this: name@example.org"
        ) from error


def _reason(error: Exception) -> Message:
    """Return what went wrong, without the words of the server."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Message("the mail server does not accept user and password.")
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return Message("the mail server does not take mail for this e-mail address.")
    if isinstance(error, aiosmtplib.SMTPConnectError | aiosmtplib.SMTPTimeoutError | OSError):
        return Message("the mail server cannot be reached.")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return Message("the mail server answers with error {code}.", code=error.code)
    return Message(
        "the mail server does not speak as it should (is TLS set up on it?). Only if it runs on"
        " this very machine and has no TLS: put ?starttls=no at the end of CHARITY_SMTP; letters"
        " and password then go to it unencrypted."
    )
