"""Tests of mail against a real SMTP server: letters arrive whole, refusals say what to do."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from charity.people.mail import Mail
from ledger.messages import Refused, WrongUse
from tests.charity.people.inventing import EMAIL
from tests.public_site.running import unused_port
from tests.smtp import PASSWORD, REFUSED_RECIPIENT, USER, SmtpServer, smtp_server

SENDER = "charity-city@example.org"
SUBJECT = "邀请您加入慈善之城 · Invitation to Charity City"
TEXT = "请在七天内打开链接：\nhttps://example.org/zh/workplace/invitations/" + "x" * 90 + "\n.\n完"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "localhost.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@pytest.fixture
def secured(certificate: Path) -> Iterator[SmtpServer]:
    """A server that demands STARTTLS and a password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with smtp_server(tls=context, with_password=True) as server:
        yield server


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


async def test_a_letter_arrives_whole(smtp: SmtpServer) -> None:
    assert await Mail(smtp.address, SENDER).send(EMAIL, SUBJECT, TEXT)
    [letter] = smtp.letters
    assert (letter.sender, letter.recipients) == (SENDER, (EMAIL,))
    assert letter.message["Subject"] == SUBJECT
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert letter.message["Date"]
    assert letter.message["Message-ID"]
    assert letter.message.get_content_type() == "text/plain"
    assert letter.text.replace("\r\n", "\n").rstrip("\n") == TEXT


async def test_a_subject_cannot_become_a_header(smtp: SmtpServer) -> None:
    await Mail(smtp.address, SENDER).send(EMAIL, "one\r\nBcc: other@example.org", "text")
    [letter] = smtp.letters
    assert letter.message["Bcc"] is None
    assert letter.recipients == (EMAIL,)
    with pytest.raises(Refused, match="no e-mail address"):
        await Mail(smtp.address, SENDER).send(f"{EMAIL}, other@example.org", "one", "text")


async def test_without_a_server_nothing_is_sent() -> None:
    mail = Mail("", "whatever")
    assert not mail.is_set_up
    assert not await mail.send(EMAIL, SUBJECT, TEXT)


async def test_starttls_and_password(secured: SmtpServer, certificate: Path) -> None:
    address = f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{secured.port}"
    mail = Mail(address, SENDER, tls=trusting(certificate))
    assert mail.is_set_up
    assert await mail.send(EMAIL, SUBJECT, TEXT)
    assert [letter.recipients for letter in secured.letters] == [(EMAIL,)]


async def test_a_wrong_password_is_told(secured: SmtpServer, certificate: Path) -> None:
    address = f"smtp://{USER}:wrong@localhost:{secured.port}"
    with pytest.raises(Refused, match="does not accept user and password"):
        await Mail(address, SENDER, tls=trusting(certificate)).send(EMAIL, SUBJECT, TEXT)
    assert secured.letters == []


async def test_a_server_that_nobody_vouches_for_gets_nothing(secured: SmtpServer) -> None:
    address = f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{secured.port}"
    with pytest.raises(Refused, match="could not be sent"):
        await Mail(address, SENDER).send(EMAIL, SUBJECT, TEXT)
    assert secured.letters == []


async def test_without_tls_nothing_is_sent_unless_asked_for(smtp: SmtpServer) -> None:
    with pytest.raises(Refused, match=r"is TLS set up.*this very machine.*\?starttls=no"):
        await Mail(smtp.address.replace("?starttls=no", ""), SENDER).send(EMAIL, SUBJECT, TEXT)
    assert smtp.letters == []


async def test_tls_from_the_start_is_no_plain_server(smtp: SmtpServer) -> None:
    with pytest.raises(Refused, match="could not be sent"):
        await Mail(f"smtps://localhost:{smtp.port}", SENDER, seconds=2).send(EMAIL, SUBJECT, TEXT)


async def test_nobody_there() -> None:
    mail = Mail(f"smtp://127.0.0.1:{unused_port()}", SENDER)
    with pytest.raises(Refused, match="cannot be reached"):
        await mail.send(EMAIL, SUBJECT, TEXT)


async def test_an_unknown_recipient_is_told_without_naming_it(smtp: SmtpServer) -> None:
    with pytest.raises(Refused) as refused:
        await Mail(smtp.address, SENDER).send(REFUSED_RECIPIENT, SUBJECT, TEXT)
    assert "does not take mail for this e-mail address" in str(refused.value)
    assert REFUSED_RECIPIENT not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "address",
    ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:port", "smtp://[::1"],
)
def test_an_address_of_another_form_is_wrong_use(address: str) -> None:
    with pytest.raises(WrongUse, match="Write it like this"):
        Mail(address, SENDER)


@pytest.mark.parametrize("sender", ["", "nobody", "a@b@c", "虚构"])
def test_a_sender_of_another_form_is_wrong_use(sender: str) -> None:
    with pytest.raises(WrongUse, match="CHARITY_MAIL_FROM"):
        Mail("smtp://mail.example.org", sender)


def test_a_password_never_shows() -> None:
    mail = Mail("smtp://user:geheim-2026@mail.example.org", SENDER)
    assert "geheim" not in repr(mail) + repr(mail._server)
