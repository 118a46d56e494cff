"""Tests of the page that checks receipts: right answers, in both languages, and nothing is sent."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ledger.messages import Refused
from ledger.receipt import Receipt, verify_receipt
from ledger.signing.notes import SigningKey
from ledger.vault.vault import Opening
from public_site.receipt_words import FACTS, STEPS, script_words
from public_site.settings import Language
from public_site.translations import translator
from tests.browser.changed_receipts import (
    INDEX,
    LOG,
    NO_RECEIPTS,
    WRONG,
    Files,
    mutations,
    receipt,
)
from tests.browser.conftest import DESKTOP, PHONE, Visitor
from tests.ledger.receipts import (
    LOG_KEY,
    OPENING,
    OTHER_LOG_KEY,
    WITNESS_KEY,
    SmallLog,
    gift,
)

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.one_engine("sqlite", "what a browser sees; tests of pages run on both engines"),
]

KEYS = [LOG_KEY.verifier, WITNESS_KEY.verifier]
BOTH: Sequence[Language] = ("zh", "en")
NUMBERS = count()

Visits = Callable[..., Any]


@dataclass(frozen=True)
class Answer:
    """What the page answered: state and verdict, state of each step, everything that it says."""

    state: str
    verdict: str
    steps: dict[str, str]
    text: str


@dataclass
class Checker:
    """The page, open before somebody who has files; `requests` is what left it since."""

    page: "Page"
    requests: list[str] = field(default_factory=list)

    def trust(self, *keys: SigningKey) -> None:
        """Put these keys in the place of the site's own."""
        self.page.locator("details.trusted").evaluate("each => each.open = true")
        self.page.locator("#receipt-keys").fill("\n".join(str(key.verifier) for key in keys))

    def check(self, data: bytes) -> Answer:
        """Choose a receipt and return the answer."""
        return self.choose({f"{next(NUMBERS)}.receipt.json": data})

    def choose(self, files: Files) -> Answer:
        """Choose files, whose names were not used before, and return the answer."""
        payloads: list[FilePayload] = [
            {"name": name, "mimeType": "application/octet-stream", "buffer": data}
            for name, data in files.items()
        ]
        self.page.locator("#receipt-file").set_input_files(payloads)
        return self.answer(next(iter(files)))

    def answer(self, name: str) -> Answer:
        """Return the answer to the file of this name."""
        self.page.locator("#receipt-files", has_text=name).wait_for()
        answer = self.page.locator("#receipt-answer")
        steps = self.page.locator(".check-step").evaluate_all(
            "lines => lines.map(each => [each.dataset.step, each.dataset.state])"
        )
        return Answer(
            answer.get_attribute("data-state") or "",
            self.page.locator("#receipt-verdict").inner_text(),
            dict(steps),
            answer.inner_text(),
        )


@pytest.fixture
def checking(visitor: Visits) -> Callable[..., Any]:
    """Opens the page: `with checking("zh") as checker`; nothing may be requested after that."""

    @contextmanager
    def opened(language: str, viewport: dict[str, int] = DESKTOP) -> Iterator[Checker]:
        with visitor(viewport) as person:
            person.go(f"/{language}/receipt")
            checker = Checker(person.page)
            person.page.locator("#receipt-drop").wait_for()
            person.page.on("request", lambda request: checker.requests.append(request.url))
            yield checker
            assert checker.requests == []

    return opened


def said(language: Language, group: str, code: str) -> str:
    """Return the words of the page up to the first value in them."""
    return script_words(translator(language))[group][code].partition("{")[0]


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_sites_own_receipt_is_good(
    checking: Visits, served: str, language: Language, viewport: dict[str, int]
) -> None:
    data = httpx.get(f"{served}/entries/7.receipt.json").content
    with checking(language, viewport) as checker:
        answer = checker.check(data)
        assert (answer.state, answer.verdict) == ("good", said(language, "verdicts", "good"))
        assert answer.steps == {
            **dict.fromkeys(STEPS, "good"),
            "witnesses": "none",
            "opening": "none",
        }
        assert "¥88,888.88" in answer.text
        assert "#7" in answer.text
        assert "2025" in answer.text
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert checker.page.evaluate(width) == 0
        assert checker.page.evaluate("document.activeElement.id") == "receipt-verdict"


@pytest.mark.parametrize("language", BOTH)
def test_witnesses_and_the_donor_are_told(checking: Visits, language: Language) -> None:
    with checking(language) as checker:
        checker.trust(LOG_KEY, WITNESS_KEY)
        answer = checker.check(receipt().format())
        assert answer.state == "good"
        assert set(answer.steps.values()) == {"good"}
        assert OPENING.name in answer.text
        assert WITNESS_KEY.name in answer.text
        assert f"¥{INDEX}.01" in answer.text


@pytest.mark.parametrize("language", BOTH)
def test_what_was_changed_is_found_at_its_step(checking: Visits, language: Language) -> None:
    with checking(language) as checker:
        checker.trust(LOG_KEY, WITNESS_KEY)
        for name, (made, step, code) in WRONG.items():
            answer = checker.check(made.format())
            assert answer.state == "bad", name
            assert answer.steps[step] == "bad", (name, answer.steps)
            assert said(language, "answers", code) in answer.text, name
            assert list(answer.steps.values()).count("bad") == 1
            assert checker.page.locator("#receipt-entry").is_hidden(), name


@pytest.mark.parametrize("language", BOTH)
def test_what_is_no_receipt_is_told_so(checking: Visits, language: Language) -> None:
    with checking(language) as checker:
        for name, (files, code) in NO_RECEIPTS.items():
            number = next(NUMBERS)
            answer = checker.choose({f"{file}{number}": data for file, data in files.items()})
            assert answer.verdict == said(language, "verdicts", "read"), name
            assert said(language, "answers", code) in answer.text, name
            assert answer.steps["read"] == "bad"
            assert set(answer.steps.values()) == {"bad", "waiting"}


@pytest.mark.parametrize("language", BOTH)
def test_another_logs_receipt_is_not_this_logs(checking: Visits, language: Language) -> None:
    other = replace(LOG, origin=OTHER_LOG_KEY.name).receipt(1, keys=[OTHER_LOG_KEY]).format()
    with checking(language) as checker:
        answer = checker.check(other)
        assert (answer.state, answer.steps["signature"]) == ("bad", "bad")
        assert answer.verdict == said(language, "verdicts", "other_log")
        checker.trust(OTHER_LOG_KEY)
        checker.page.locator("#receipt-answer[data-state=good]").wait_for()
        for keys, code in (("", "no_key"), ("nonsense", "key_form")):
            checker.page.locator("#receipt-keys").fill(keys)
            words = said(language, "answers", code)
            checker.page.locator("[data-step=signature]", has_text=words).wait_for()
            assert checker.page.locator("#receipt-answer").get_attribute("data-state") == "bad"


def test_the_two_older_files_are_checked_together(checking: Visits, served: str) -> None:
    files = {
        f"8.{ending}": httpx.get(f"{served}/entries/8.{ending}").content
        for ending in ("tlog-proof", "json")
    }
    with checking("en") as checker:
        assert checker.choose(files).state == "good"
        changed = files["8.json"].replace(b'"amount":', b'"amount":1', 1)
        answer = checker.choose({"9.json": changed, "9.tlog-proof": files["8.tlog-proof"]})
        assert answer.steps["inclusion"] == "bad"


def believed(data: bytes) -> bool:
    """Return what the Python verifier thinks of a file."""
    try:
        verify_receipt(Receipt.parse(data), KEYS)
    except Refused:
        return False
    return True


def test_browser_and_command_agree(checking: Visits) -> None:
    good, bad = 0, 0
    with checking("en") as checker:
        checker.trust(LOG_KEY, WITNESS_KEY)
        for data in mutations():
            answer, expected = checker.check(data), believed(data)
            assert (answer.state == "good") is expected, (answer.text, data)
            good, bad = good + expected, bad + (not expected)
    assert good > 15
    assert bad > 80


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(
    ("lack", "code", "step"),
    [
        (
            "crypto.subtle.importKey = async () => { throw new DOMException('NotSupportedError') }",
            "no_ed25519",
            "signature",
        ),
        ("Object.defineProperty(crypto, 'subtle', { value: undefined })", "no_crypto", "leaf"),
    ],
)
def test_a_browser_that_lacks_something_never_says_good(
    visitor: Visits, language: Language, lack: str, code: str, step: str
) -> None:
    with visitor(DESKTOP) as person:
        person.page.add_init_script(lack)
        person.go(f"/{language}/receipt")
        checker = Checker(person.page)
        checker.trust(LOG_KEY)
        answer = checker.check(LOG.receipt(INDEX).format())
        assert (answer.state, answer.steps[step]) == ("unable", "unable")
        assert answer.verdict == said(language, "verdicts", "unable")
        assert said(language, "answers", code) in answer.text
        assert "charity verify" in answer.text


def test_a_file_can_be_dropped(checking: Visits) -> None:
    drop = """text => {
      const moved = new DataTransfer();
      moved.items.add(new File([text], "dropped.receipt.json"));
      for (const name of ["dragover", "drop"]) {
        const event = new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: moved });
        document.getElementById("receipt-drop").dispatchEvent(event);
        if (!event.defaultPrevented) throw new Error("the file would replace the page");
      }
    }"""
    with checking("en") as checker:
        checker.trust(LOG_KEY)
        checker.page.evaluate(drop, LOG.receipt(INDEX).format().decode())
        assert checker.answer("dropped.receipt.json").state == "good"


def test_the_keyboard_is_enough(checking: Visits) -> None:
    with checking("en") as checker:
        page = checker.page
        # Whoever listens early has Chromium hand over the dialogue before the key is pressed.
        page.on("filechooser", lambda _: None)
        page.locator("#receipt-file").focus()
        outline = page.locator("#receipt-drop").evaluate("e => getComputedStyle(e).outlineStyle")
        assert outline == "solid"
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        data = {"name": "k.receipt.json", "mimeType": "", "buffer": LOG.receipt(1).format()}
        chooser.value.set_files([data])
        assert checker.answer("k.receipt.json").verdict == said("en", "verdicts", "other_log")


def test_names_from_a_file_are_text_and_never_markup(checking: Visits) -> None:
    opening = Opening("<img src=x onerror=alert(1)>虚构", bytes(32))
    log = SmallLog([gift(0, opening)])
    with checking("zh") as checker:
        checker.trust(LOG_KEY)
        answer = checker.check(log.receipt(0, opening).format())
        assert answer.state == "good"
        assert opening.name in answer.text
        assert checker.page.locator("#receipt-answer img").count() == 0


def test_the_page_may_not_send_anything(visitor: Visits, served: str) -> None:
    policy = httpx.get(f"{served}/en/receipt").headers["content-security-policy"]
    assert "connect-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline'; img" in policy, "for styles alone"
    with visitor(DESKTOP) as person:
        person.go("/en/receipt")
        sent = "fetch('/checkpoint').then(() => 'sent', () => 'blocked')"
        assert person.page.evaluate(sent) == "blocked"
        assert person.complaints
        person.complaints.clear()


def test_without_scripts_the_command_is_named(visitor: Visits) -> None:
    with visitor(PHONE, scripts=False) as person:
        person.go("/zh/receipt")
        assert "charity verify" in person.page.locator("#receipt-without-script").inner_text()
        assert person.page.locator("#receipt-drop").is_hidden()


@pytest.mark.parametrize("language", BOTH)
def test_the_kept_checker_needs_no_site(
    visitor: Visits, served: str, tmp_path: Path, language: Language
) -> None:
    data = httpx.get(f"{served}/entries/3.receipt.json").content
    with visitor(DESKTOP) as person:
        person.go(f"/{language}/receipt")
        with person.page.expect_download() as download:
            person.page.locator("a[href$='receipt-checker.html']").click()
        kept = tmp_path / download.value.suggested_filename
        download.value.save_as(kept)
        checker = _open_offline(person, kept)
        assert checker.check(data).state == "good"
        assert checker.check(data.replace(b"\\n", b"\\n ", 1)).state == "bad"
        assert checker.requests == [kept.as_uri()]
        sent = f"fetch('{served}/checkpoint', {{ mode: 'no-cors' }}).then(() => 'sent', () => 'no')"
        person.page.context.set_offline(False)
        assert person.page.evaluate(sent) == "no"
        person.complaints.clear()
        person.foreign.clear()


def _open_offline(person: Visitor, kept: Path) -> Checker:
    checker = Checker(person.page)
    person.page.on("request", lambda request: checker.requests.append(request.url))
    person.page.context.set_offline(True)
    person.page.goto(kept.as_uri())
    person.page.locator("#receipt-drop").wait_for()
    return checker


def test_every_word_has_its_place() -> None:
    """What a step may answer stands in the list of words, and nothing else."""
    scripts = Path(__file__).parents[2] / "public_site" / "static"
    text = "".join((scripts / f"receipt-{name}.js").read_text() for name in ("formats", "check"))
    words = script_words(str)
    assert {code for code in words["answers"] if f'"{code}"' not in text} == set()
    page = (scripts / "receipt-page.js").read_text()
    assert {code for code in FACTS if code not in page} == set()
