"""Tests of the README and the page “check it yourself”: the commands shown there exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from public_site.check import commands as commands_of_the_page
from public_site.commands import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = [name for name in ("README.md", "CONTRIBUTING.md") if (ROOT / name).exists()]
CODE_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:charity|make) [^`]+)`")


def shown(text: str) -> Iterator[str]:
    """Yield the commands that a document shows, in code blocks and between back quotes."""
    for block in CODE_BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            command = line.strip().removeprefix("$ ")
            yield re.sub(r"^(?:\w+=\S+ +|\.venv/bin/)+", "", command)
    yield from INLINE.findall(CODE_BLOCK.sub("", text))


def check_charity(words: list[str]) -> None:
    """Fail if a `charity` command line names a command or an option that does not exist."""
    command: click.Command = main
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in command.commands, f"charity has no command {name}"
        command = command.commands[name]
    names = {name for parameter in command.params for name in parameter.opts}
    names |= {name for parameter in command.params for name in parameter.secondary_opts}
    for word in words:
        if word.startswith("--"):
            option = word.partition("=")[0]
            assert option in {*names, "--help"}, f"charity {command.name} has no option {option}"


def check_make(words: list[str]) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {word for word in words if "=" not in word and not word.startswith("-")}
    assert named <= targets


def checked(text: str) -> list[str]:
    """Check every command of a text; return those that were checked."""
    found = []
    for command in shown(text):
        first, *words = shlex.split(command, comments=True) or [""]
        if first == "charity":
            check_charity(words)
        elif first == "make":
            check_make(words)
        else:
            continue
        found.append(command)
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_of_the_document_exist(name: str) -> None:
    checked((ROOT / name).read_text("utf-8"))


def test_readme_shows_the_two_commands_that_are_enough() -> None:
    found = checked((ROOT / "README.md").read_text("utf-8"))
    assert {"make demo", "make test"} <= {" ".join(each.split()[:2]) for each in found}


def test_commands_of_the_page_exist() -> None:
    block = "\n".join(run for _, run in commands_of_the_page("https://log.example", "KEY"))
    assert len(checked(f"```\n{block}\n```")) == 3


def test_commands_of_the_help_exist() -> None:
    help_text = main.help or ""
    lines = re.findall(r"^ +(charity .*?)(?:  |$)", help_text, re.MULTILINE)
    assert len(checked("```\n" + "\n".join(lines) + "\n```")) == 6


def test_a_command_that_does_not_exist_is_found_out() -> None:
    with pytest.raises(AssertionError, match="no command"):
        checked("```sh\ncharity give-away\n```")
    with pytest.raises(AssertionError, match="no option"):
        checked("`charity demo --for-free`")
    with pytest.raises(AssertionError):
        checked("`make money`")
