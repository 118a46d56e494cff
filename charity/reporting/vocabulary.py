"""Provides the words that published lists use, from columns.toml."""

import tomllib
from importlib.resources import files
from typing import Any

VOCABULARY: dict[str, Any] = tomllib.loads(
    files("charity.reporting").joinpath("columns.toml").read_text("utf-8")
)
