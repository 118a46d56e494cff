"""Provides a real SMTP server on a free port of this machine, which keeps what it receives."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.public_site.running import unused_port

REFUSED_RECIPIENT = "refused@example.org"
USER, PASSWORD = "shili", "a password: with / and @"


@dataclass(frozen=True)
class Letter:
    """A letter as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """What stands in it, decoded."""
        return str(self.message.get_content())


@dataclass
class SmtpServer:
    """A running server: its address for CHARITY_SMTP, and the letters that it has received."""

    host: str
    port: int
    letters: list[Letter] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The address without a password and without TLS, as the settings take it."""
        return f"smtp://{self.host}:{self.port}?starttls=no"

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address == REFUSED_RECIPIENT:
            return f"550 {address} is unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.letters.append(Letter(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return "250 OK"


def _authenticate(_server: Any, _session: Any, _envelope: Any, _way: str, data: Any) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == right, handled=data == right)


@contextmanager
def smtp_server(
    *, tls: ssl.SSLContext | None = None, with_password: bool = False
) -> Iterator[SmtpServer]:
    """Run a server in a thread of its own; with `tls` it speaks STARTTLS and demands it."""
    server = SmtpServer("localhost", unused_port())
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=_authenticate if with_password else None,
        auth_required=with_password,
        auth_require_tls=tls is not None,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A server that takes mail from anybody, without TLS."""
    with smtp_server() as server:
        yield server
