"""Tests of the sentences that pages say instead of those of the command line."""

import re
from string import Formatter

import pytest

from charity.reporting.batches.record_problems import RECORD_NOTICES, RECORD_PROBLEMS
from charity.reporting.problems import NOTICES, PROBLEMS
from ledger.messages import Message
from public_site.settings import Language
from public_site.translations import translator
from public_site.workplace.mend_words import IN_BROWSER, in_browser

OF_RECORDS = [
    sentence for each in RECORD_PROBLEMS.values() for sentence in (each.message, each.mend)
]
OF_LISTS = [sentence for kind in PROBLEMS.values() for sentence in (kind.message, kind.mend)]
SENTENCES = [*OF_RECORDS, *OF_LISTS, *NOTICES.values(), *RECORD_NOTICES.values()]
WORDS = {
    *(kind.accept for kind in PROBLEMS.values() if kind.accept),
    *(kind.accept for kind in RECORD_PROBLEMS.values() if kind.accept),
}
WORD = re.compile(rf"“({'|'.join(WORDS)}|ignore|\{{word\}})”|--[a-z]|\bcommand\b|\bskip\b")
CHINESE_WORD = re.compile(rf"\b({'|'.join(WORDS)}|ignore)\b|--[a-z]", re.ASCII)


def told(template: str, language: Language) -> str:
    """Return a sentence as a page says it, with visible places for its values."""
    places = {name for _, name, _, _ in Formatter().parse(template) if name}
    values = {name: f"{{{name}}}" for name in places}
    return in_browser(Message(template, **values), translator(language))


@pytest.mark.parametrize("template", sorted({each.template for each in SENTENCES}))
def test_no_page_names_words_or_options_of_the_command_line(template: str) -> None:
    assert not WORD.search(told(template, "en"))
    chinese = re.sub(r"\{\w+\}", "", told(template, "zh"))
    assert not CHINESE_WORD.search(chinese)


def test_the_commands_own_sentences_would_be_found() -> None:
    assert WORD.search("Correct the amount, or accept “skip” to leave the row out.")
    assert WORD.search("Say which one holds with --date.")
    assert CHINESE_WORD.search("请改正金额；或接受 skip，略去该行。")


def test_the_same_values_stand_in_both_sentences() -> None:
    for template, other in IN_BROWSER.items():
        given = {name for _, name, _, _ in Formatter().parse(template) if name}
        used = {name for _, name, _, _ in Formatter().parse(other.template) if name}
        assert used <= given
