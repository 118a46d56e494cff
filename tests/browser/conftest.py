"""Provides a real Chromium that looks at a really served site."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
WAIT_MILLISECONDS = 15_000


@dataclass
class Visitor:
    """A person at a browser, and what the browser saw on the way."""

    page: "Page"
    site: str
    bytes_of_page: int = 0
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the site."""
        self.bytes_of_page = 0
        response = self.page.goto(self.site + path)
        assert response is not None
        assert response.status == 200, path

    def watch(self) -> None:
        """Note from now on what is loaded and what the console complains of."""
        self.page.on("requestfinished", self._finished)
        self.page.on("request", lambda request: self._requested(request.url))
        self.page.on("console", lambda message: self._said(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _requested(self, url: str) -> None:
        if not url.startswith((self.site, "data:", "about:")):
            self.foreign.append(url)

    def _finished(self, request: "Request") -> None:
        sizes = request.sizes()
        self.bytes_of_page += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)


@pytest.fixture(scope="module")
def browser(served: str) -> Iterator["Browser"]:
    """Debian's Chromium, without a window.

    Playwright occupies this thread's event loop: it comes after what needs it, and goes soon.
    """
    with running_chromium() as browser:
        yield browser


@contextmanager
def running_chromium() -> Iterator["Browser"]:
    """Start Chromium; where there is none, the test is skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(
            executable_path=executable, headless=True, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: "Browser", served: str) -> Callable[..., Any]:
    """Makes a visitor: `with visitor(PHONE, scripts=False) as person`."""

    @contextmanager
    def make(
        viewport: dict[str, int], *, scripts: bool = True, dark: bool = False
    ) -> Iterator[Visitor]:
        context = browser.new_context(
            viewport={"width": viewport["width"], "height": viewport["height"]},
            java_script_enabled=scripts,
            accept_downloads=True,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(WAIT_MILLISECONDS)
        person = Visitor(context.new_page(), served)
        person.watch()
        try:
            yield person
        finally:
            context.close()
        assert person.foreign == []
        assert person.complaints == []

    return make
