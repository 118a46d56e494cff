"""Provides the list of an organisation's batches, all or those in one state."""

from typing import Annotated, Final

from litestar import Response
from litestar.params import FromPath, QueryParameter

from charity.people.roles import Permission
from charity.reporting.batches.reading import batches_awaiting_agreement, batches_of
from charity.reporting.batches.states import BatchState
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.batch import shown_batch
from public_site.workplace.batch_words import STATES
from public_site.workplace.routing import workplace, workplace_page

LISTED: Final = 200


@workplace_page("/{language:str}/workplace/{code:str}/batches", permission=Permission.SEE_REPORTS)
async def batches(
    request: SiteRequest,
    language: FromPath[str],
    code: FromPath[str],
    shown_state: Annotated[str, QueryParameter(name="state", max_length=20)] = "",
) -> Response[str]:
    """Show the newest batches."""
    chosen = language_of(language)
    translate, store = translator(chosen), request.app.state.batches
    states = [one for one in BatchState if one.value == shown_state]
    found = await batches_of(store, code, states or None, limit=LISTED)
    asked = await batches_awaiting_agreement(store, code)
    context = {
        "batches": [shown_batch(view, chosen) for view in found],
        "asked": [shown_batch(view, chosen) for view in asked],
        "states": [(one.value, label.text(translate)) for one, label in STATES.items()],
        "chosen_state": states[0].value if states else "",
        "listed": LISTED,
    }
    return await workplace(request, language, "workplace/batches.html", context, section="batches")


ROUTES = (batches,)
