"""Provides the second factor: six figures that an app makes anew every 30 seconds (TOTP).

Source: RFC 6238. The secret rests sealed; a time step is taken once only.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Final

import pyotp

from charity.people.tables import Person
from ledger.messages import Refused
from ledger.vault.envelopes import Envelopes

STEP_SECONDS: Final = 30
STEPS_AROUND: Final = (-1, 0, 1)
"""Clocks differ: the code before and the code after the present one are taken, too."""
DIGITS: Final = 6


def new_secret() -> str:
    """Return a new secret, in the letters and figures that apps take (base32, 160 bits)."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, email: str, issuer: str) -> str:
    """Return the address that an app reads from a QR code (otpauth://…)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def code_at(secret: str, step: int) -> str:
    """Return the code of a time step."""
    return pyotp.TOTP(secret).generate_otp(step)


def step_of(now: datetime) -> int:
    """Return the time step of a moment."""
    return int(now.timestamp()) // STEP_SECONDS


def secret_place(person: str) -> str:
    """Return the place that a person's secret is sealed for."""
    return f"person/{person}/second-factor"


def offer_secret(envelopes: Envelopes, person: str) -> tuple[str, str]:
    """Return a new secret, and the same sealed for the form in which it is confirmed."""
    secret = new_secret()
    sealed = envelopes.seal(f"{secret_place(person)}/offered", secret.encode())
    return secret, urlsafe_b64encode(sealed).decode()


def offered_secret(envelopes: Envelopes, person: str, offer: str) -> str:
    """Return the secret that a form brings back.

    Raises:
        Refused: it is not one that was offered to this person.
    """
    try:
        sealed = urlsafe_b64decode(offer.encode())
    except ValueError as error:
        raise Refused("The form is damaged. Load the page again and begin anew.") from error
    return envelopes.open(f"{secret_place(person)}/offered", sealed).decode()


async def accept_secret(
    envelopes: Envelopes, person: str, offer: str, code: str, now: datetime, *, proved: bool
) -> bool:
    """Keep the offered secret if the code proves that the person's app has it.

    Only inside `ledger.database.engines.write_transaction`.

    Args:
        envelopes: seal the secret.
        person: whose it becomes.
        offer: what `offer_secret` returned, sealed.
        code: the six figures that the app shows.
        now: the present moment.
        proved: whether the second factor that is to be replaced was proved in this session.

    Raises:
        Refused: there is a second factor already, and it was not proved.
    """
    if not proved and await has_second_factor(person):
        raise Refused("Prove your present second step first; then it can be replaced.")
    secret = offered_secret(envelopes, person, offer)
    step = _matching_step(secret, code, now, after=None)
    if step is None:
        return False
    await keep_secret(envelopes, person, secret, step)
    return True


async def keep_secret(envelopes: Envelopes, person: str, secret: str, step: int | None) -> None:
    """Keep a person's secret, sealed; `step` is the last time step that was used."""
    sealed = envelopes.seal(secret_place(person), secret.encode())
    await Person.update({Person.second_factor: sealed, Person.second_factor_step: step}).where(
        Person.id == person
    )


async def has_second_factor(person: str) -> bool:
    """Return whether a person has set up a second factor."""
    return await Person.exists().where((Person.id == person) & Person.second_factor.is_not_null())


async def remove_second_factor(person: str) -> None:
    """Take a person's second factor away, so that another can be set up."""
    await Person.update({Person.second_factor: None, Person.second_factor_step: None}).where(
        Person.id == person
    )


async def secret_of(envelopes: Envelopes, person: str) -> str | None:
    """Return a person's secret; None if there is none."""
    row = await Person.select(Person.second_factor).where(Person.id == person).first()
    if row is None or row["second_factor"] is None:
        return None
    return envelopes.open(secret_place(person), bytes(row["second_factor"])).decode()


async def prove_code(envelopes: Envelopes, person: str, code: str, now: datetime) -> bool:
    """Return whether the code is right; it is used up then, with all before it.

    Only inside `ledger.database.engines.write_transaction`.
    """
    secret = await secret_of(envelopes, person)
    if secret is None:
        return False
    row = await Person.select(Person.second_factor_step).where(Person.id == person).first()
    step = _matching_step(secret, code, now, after=row["second_factor_step"] if row else None)
    if step is None:
        return False
    used_up = (
        await Person.update({Person.second_factor_step: step})
        .where(
            (Person.id == person)
            & (Person.second_factor_step.is_null() | (Person.second_factor_step < step))
        )
        .returning(Person.id)
    )
    return bool(used_up)


def _matching_step(secret: str, code: str, now: datetime, after: int | None) -> int | None:
    """Return the time step around now that has this code; only one later than `after`."""
    typed = "".join(code[: DIGITS * 4].split())
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    here = step_of(now)
    for around in STEPS_AROUND:
        step = here + around
        matches = hmac.compare_digest(code_at(secret, step), typed)
        if matches and (after is None or step > after):
            return step
    return None
