"""Provides the page “check it yourself”: the verifier key and the commands to use."""

from litestar import Response
from litestar.params import FromPath

from ledger.log import Ledger
from ledger.messages import Message
from ledger.reading import read_head
from public_site.languages import language_of
from public_site.rendering import SiteRequest, page, site_address
from public_site.routing import page_route
from public_site.translations import translator


def commands(address: str, key: str) -> list[tuple[Message, str]]:
    """Return what to run to check the log at an address, each with what it does."""
    return [
        (
            Message("Check every entry, every tile and the signature over the network:"),
            f"charity verify {address} --key '{key}'",
        ),
        (
            Message("Keep today's checkpoint, and check later that nothing before it changed:"),
            (
                f"curl -o checkpoint-kept {address}/checkpoint\n"
                f"charity verify {address} --key '{key}' --since checkpoint-kept"
            ),
        ),
        (
            Message("Check one entry offline, with the receipt from its page:"),
            f"charity verify 7.receipt.json --key '{key}'",
        ),
        (
            Message("The same files for programs of other people (C2SP tlog-tiles):"),
            f"curl {address}/checkpoint\ncurl -O {address}/tile/0/000.p/1",
        ),
    ]


@page_route("/{language:str}/check")
async def check(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Show how a stranger checks this log without trusting it."""
    chosen = language_of(language)
    translate = translator(chosen)
    ledger: Ledger = request.app.state.ledger
    address = site_address(request)
    key = str(ledger.verifier_key)
    head = await read_head()
    context = {
        "log_key": "\n".join(map(str, ledger.verifier_keys)),
        "checkpoint_note": head.note if head is not None else "",
        "commands": [(what.text(translate), run) for what, run in commands(address, key)],
        "base_url": address,
    }
    return await page(request, chosen, "check.html", context, section="check")
