"""Provides a real web server on the loopback address, which behaves as badly as it is told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[str, dict[str, str], asyncio.StreamWriter], Awaitable[None]]


@dataclass
class WebServer:
    """A server: the requests that came in, and how it answers each path."""

    port: int = 0
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def address(self, path: str, host: str = "list.example") -> str:
        """Return the address of a path, under a name that only the tests' look-up knows."""
        return f"http://{host}:{self.port}{path}"

    def holds(self, path: str, content: bytes, *headers: str) -> None:
        """Answer with this content."""
        self.says(path, answer(content, *headers))

    def says(self, path: str, text: bytes) -> None:
        """Answer with exactly these bytes, then close the connection."""

        async def say(_: str, __: dict[str, str], writer: asyncio.StreamWriter) -> None:
            writer.write(text)

        self.behaviours[path] = say

    def is_silent_after(self, path: str, text: bytes) -> None:
        """Begin an answer and then say nothing more until the test is over."""

        async def stay_silent(_: str, __: dict[str, str], writer: asyncio.StreamWriter) -> None:
            writer.write(text)
            await writer.drain()
            await self.released.wait()

        self.behaviours[path] = stay_silent

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            path = first.split(" ")[1]
            headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
            self.requests.append((path, headers))
            await self.behaviours[path](path, headers, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def answer(content: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return the bytes of a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def redirect(address: str) -> bytes:
    """Return the bytes of an answer that sends elsewhere."""
    return answer(b"", f"location: {address}", status="302 Found")


@asynccontextmanager
async def serving() -> AsyncIterator[WebServer]:
    """Serve for as long as the context lasts."""
    server = WebServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.released.set()
        listening.close()
        await listening.wait_closed()
