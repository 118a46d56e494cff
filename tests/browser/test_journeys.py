"""Tests of the whole in a real browser: from the home page to a proof that holds."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.signing.notes import VerifierKey
from ledger.verification import verify_entry
from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.public_site.city import FOUNDATION, FOUNDATION_NAME, City

pytestmark = [
    pytest.mark.browser,
    pytest.mark.one_engine("sqlite", "what a browser sees; tests of pages run on both engines"),
]

PAGE_BYTES_MAX = 150_000
NARROWEST = {"width": 320, "height": 640}
CONTRAST_MIN = 4.5
SECTIONS = (
    "",
    "organisations",
    f"organisations/{FOUNDATION}",
    f"organisations/{FOUNDATION}/donations",
    f"organisations/{FOUNDATION}/donations?min_yuan=x&kind=donation",
    "entries/0",
    "entries/302",
    "check",
    "receipt",
    "entries/0/trace",
)

Visits = Callable[..., Any]


def overflow(person: Visitor) -> int:
    """Return by how many pixels the page is wider than the screen."""
    width: int = person.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_the_home_page_to_a_proof_that_holds(
    visitor: Visits, city: City, tmp_path: Path, language: str, viewport: dict[str, int]
) -> None:
    with visitor(viewport) as person:
        page = person.page
        person.go(f"/{language}/")
        assert overflow(person) == 0
        page.get_by_role("link", name=FOUNDATION_NAME).first.click()
        page.wait_for_url(f"**/{language}/organisations/{FOUNDATION}")
        page.locator(f"a[href$='/{FOUNDATION}/donations']").first.click()
        page.wait_for_url("**/donations")
        page.locator("#kind").select_option("donation")
        page.locator("#max_yuan").fill("1000")
        page.locator("form.filters button[type=submit]").click()
        page.wait_for_url("**kind=donation**")
        first = page.locator("table.movements tbody tr").count()
        assert first == 50
        page.locator("a[rel=next]").click()
        page.wait_for_url("**after=**")
        assert page.locator("#max_yuan").input_value() == "1000"
        page.locator("table.movements tbody td.number a").first.press("Enter")
        page.wait_for_url(f"**/{language}/entries/*")
        position = int(page.url.rpartition("/")[2])
        files = {}
        for ending in ("json", "tlog-proof"):
            with page.expect_download() as download:
                page.locator(f"a[href='/entries/{position}.{ending}']").first.click()
            files[ending] = tmp_path / download.value.suggested_filename
            download.value.save_as(files[ending])
        assert {path.name for path in files.values()} == {
            f"{position}.json",
            f"{position}.tlog-proof",
        }
        key = VerifierKey.parse(httpx.get(f"{person.site}/log-key").text.strip())
        entry = files["json"].read_bytes()
        report = verify_entry(entry, files["tlog-proof"].read_text("utf-8"), [key])
        assert report.index == position
        assert entry == city.bodies[position]


def test_without_scripts_everything_works(visitor: Visits) -> None:
    with visitor(PHONE, scripts=False) as person:
        page = person.page
        person.go(f"/en/organisations/{FOUNDATION}/donations")
        page.locator("#from_day").fill("2025-04-01")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**from_day=2025-04-01**")
        assert page.locator("table.movements tbody tr").count() > 0
        person.go("/en/entries/0")
        summary = page.locator("summary").first
        summary.click()
        assert page.locator("details").first.get_attribute("open") is not None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_a_small_phone_or_heavy(visitor: Visits, language: str) -> None:
    with visitor(NARROWEST) as person:
        wide, heavy = {}, {}
        for section in SECTIONS:
            person.go(f"/{language}/{section}")
            for details in person.page.locator("details").all():
                details.evaluate("each => each.open = true")
            wide[section] = overflow(person)
            heavy[section] = person.bytes_of_page
        assert {section: pixels for section, pixels in wide.items() if pixels > 0} == {}
        assert {s: size for s, size in heavy.items() if size > PAGE_BYTES_MAX} == {}
        assert min(heavy.values()) > 1_000, "the measure must have measured"


def test_first_key_is_the_skip_link_and_the_focus_is_seen(visitor: Visits) -> None:
    with visitor(DESKTOP) as person:
        page = person.page
        person.go("/en/")
        page.keyboard.press("Tab")
        skip = page.locator("a.skip")
        assert skip.evaluate("each => each === document.activeElement")
        assert skip.bounding_box()["y"] >= 0, "the link is seen when it has the focus"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        seen = set()
        for _ in range(30):
            page.keyboard.press("Tab")
            style = page.evaluate(
                "(() => { const at = document.activeElement, s = getComputedStyle(at);"
                " return [at.tagName, s.outlineStyle, parseFloat(s.outlineWidth)] })()"
            )
            seen.add(style[0])
            if style[0] != "BODY":
                assert style[1] != "none", style
                assert style[2] >= 2, style
        assert "A" in seen


def test_filters_work_with_the_keyboard_alone(visitor: Visits) -> None:
    with visitor(DESKTOP) as person:
        page = person.page
        person.go(f"/en/organisations/{FOUNDATION}/donations")
        page.locator("#min_yuan").focus()
        page.keyboard.type("x")
        page.keyboard.press("Enter")
        page.wait_for_url("**min_yuan=x**")
        assert page.locator("#min_yuan-error").is_visible()
        assert page.get_by_role("alert").is_visible()
        page.get_by_role("alert").get_by_role("link").click()
        assert page.evaluate("document.activeElement.id") == "min_yuan"


def test_the_other_language_shows_the_same_page(visitor: Visits) -> None:
    with visitor(PHONE) as person:
        person.go("/zh/entries/7")
        person.page.locator("a.language").click()
        person.page.wait_for_url("**/en/entries/7")
        person.page.locator("a.language").click()
        person.page.wait_for_url("**/zh/entries/7")


COLOURS = """
() => [...document.querySelectorAll('main *, header *, footer *, aside *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    && !e.closest('svg') && !e.closest('.visually-hidden') && e.checkVisibility())
  .map(e => {
    let at = e, back = 'rgba(0, 0, 0, 0)'
    while (at && back === 'rgba(0, 0, 0, 0)') {
      back = getComputedStyle(at).backgroundColor; at = at.parentElement
    }
    const style = getComputedStyle(e)
    return [e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 20),
            style.color, back, parseFloat(style.fontSize), parseInt(style.fontWeight)]
  })
"""


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(visitor: Visits, dark: bool) -> None:
    with visitor(DESKTOP, dark=dark) as person:
        faint = set()
        for section in SECTIONS:
            person.go(f"/en/{section}")
            for what, ink, ground, size, weight in person.page.evaluate(COLOURS):
                large = size >= 24 or (size >= 18.66 and weight >= 700)
                if ink.startswith("rgb(") and ground.startswith("rgb("):
                    ratio = contrast(ink, ground)
                    if ratio < (3 if large else CONTRAST_MIN):
                        faint.add((section, what, ink, ground, round(ratio, 2)))
        assert faint == set()


def test_contrast_is_measured_rightly() -> None:
    assert round(contrast("rgb(255, 255, 255)", "rgb(0, 0, 0)"), 1) == 21.0
    assert round(contrast("rgb(118, 118, 118)", "rgb(255, 255, 255)"), 2) == 4.54
