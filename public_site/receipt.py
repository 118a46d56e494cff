"""Provides the page that checks receipts in the browser, and the same checker as a file to keep."""

import base64
from functools import cache
from hashlib import sha256

from litestar import Response
from litestar.datastructures import State
from litestar.params import FromPath
from markupsafe import Markup

from ledger.log import Ledger
from ledger.receipt import RECEIPT_FORMAT
from ledger.signing.notes import VerifierKey
from public_site.languages import language_of
from public_site.movements import KIND_LABELS
from public_site.receipt_words import script_words
from public_site.rendering import STATIC, SiteRequest, page, page_path, rendered
from public_site.routing import page_route
from public_site.settings import Language
from public_site.translations import translator

SCRIPTS = ("receipt-formats.js", "receipt-check.js", "receipt-page.js")


@cache
def script() -> Markup:
    """Return the checker's script: our own files, one after the other, as one module."""
    return Markup("\n" + "\n".join([(STATIC / name).read_text("utf-8") for name in SCRIPTS]))  # noqa: S704 (our own files)


@cache
def style() -> Markup:
    """Return the site's style for a page that is kept as a file, its one picture put into it."""
    picture = base64.b64encode((STATIC / "guilloche.svg").read_bytes()).decode()
    sheets = [(STATIC / name).read_text("utf-8") for name in ("site.css", "receipt.css")]
    return Markup(  # noqa: S704 (our own files)
        "\n".join(sheets).replace("url(guilloche.svg)", f"url(data:image/svg+xml;base64,{picture})")
    )


@cache
def policy() -> str:
    """Return the page's Content-Security-Policy: its one script may run, and nothing may be sent.

    `connect-src` and `form-action` say what `default-src` leaves open or implies: even a changed
    entry with markup in it could carry nothing away.
    """
    digest = base64.b64encode(sha256(script().encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


def trusted_keys(state: State) -> list[VerifierKey]:
    """Return the keys that the page trusts from the beginning: the log's and its witnesses'."""
    return [state.ledger.verifier_key, *(witness.key for witness in state.witnesses)]


def _context(request: SiteRequest, language: Language) -> dict[str, object]:
    translate = translator(language)
    ledger: Ledger = request.app.state.ledger
    return {
        "keys": "\n".join([str(key) for key in trusted_keys(request.app.state)]),
        "log_key": str(ledger.verifier_key),
        "policy": policy(),
        "receipt_format": RECEIPT_FORMAT,
        "script": script(),
        "words": {
            **script_words(translate),
            "kinds": {kind: label.text(translate) for kind, label in KIND_LABELS.items()},
        },
    }


@page_route("/{language:str}/receipt")
async def receipt_page(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Show the checker: a receipt dropped here is checked in the page itself."""
    chosen = language_of(language)
    context = {**_context(request, chosen), "kept_file": page_path(chosen, "receipt_checker")}
    shown = await page(request, chosen, "receipt/page.html", context, section="check")
    shown.headers["content-security-policy"] = f"{policy()}; frame-ancestors 'none'"
    return shown


@page_route("/{language:str}/receipt-checker.html")
async def receipt_checker(request: SiteRequest, language: FromPath[str]) -> Response[bytes]:
    """Download the checker as one file that needs no network.

    It is no page of the site, and so it is handed out as a file and not as HTML to be shown here.
    """
    chosen = language_of(language)
    context = {**_context(request, chosen), "style": style()}
    kept = rendered(request, chosen, "receipt/kept.html", context)
    return Response(
        kept.content.encode(),
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="receipt-checker-{chosen}.html"'},
    )
