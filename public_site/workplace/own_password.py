"""Provides the asking for one's own password again, before something that a thief would want."""

from charity.people.passwords import verify_password
from charity.people.tables import Person
from charity.people.throttling import begin_attempt, note_success, wait_message
from ledger.database.engines import write_transaction
from ledger.messages import Message
from public_site.rendering import SiteRequest
from public_site.workplace.visiting import actor_of_request, client_address, now


async def own_password_problem(request: SiteRequest, text: str) -> Message | None:
    """Return why this is not the password of whoever is signed in; None if it is.

    Wrong guesses count, and have to wait, as they do when the password is changed.
    """
    engine, envelopes = request.app.state.ledger.engine, request.app.state.envelopes
    person, address = actor_of_request(request).person, client_address(request)
    account = f"password of {person}"
    wait = await begin_attempt(engine, envelopes, account, address, now())
    if wait:
        return wait_message(wait)
    row = await Person.select(Person.password).where(Person.id == person).first()
    if not await verify_password(text, row["password"] if row is not None else None):
        return Message("This is not your present password.")
    async with write_transaction(engine):
        await note_success(envelopes, account, address, now())
    return None
