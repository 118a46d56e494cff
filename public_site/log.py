"""Provides the log itself to whoever checks it: checkpoint, tiles, bundles and the verifier key."""

from litestar import MediaType, Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from ledger.reading import read_head, read_tile
from ledger.tiles import parse_tile_path
from public_site.rendering import SiteRequest
from public_site.routing import page_route

FOR_A_MOMENT = {"cache-control": "public, max-age=2"}
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}


@page_route("/checkpoint")
async def checkpoint() -> Response[str]:
    """Serve the newest signed checkpoint."""
    head = await read_head()
    if head is None:
        raise NotFoundException
    return Response(head.note, media_type=MediaType.TEXT, headers=FOR_A_MOMENT)


@page_route("/tile/{path:path}")
async def tile(path: FromPath[str]) -> Response[bytes]:
    """Serve a tile of hashes or a bundle of entries; they never change."""
    try:
        data = await read_tile(parse_tile_path(f"tile{path}"))
    except (ValueError, LookupError, OverflowError) as error:
        raise NotFoundException from error
    return Response(data, media_type="application/octet-stream", headers=FOR_EVER)


@page_route("/log-key")
async def log_key(request: SiteRequest) -> Response[str]:
    """Serve the verifier keys, the primary one first; the certain get them elsewhere too."""
    keys = "".join(f"{key}\n" for key in request.app.state.ledger.verifier_keys)
    return Response(keys, media_type=MediaType.TEXT, headers=FOR_A_MOMENT)
