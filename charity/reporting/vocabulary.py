"""Provides what columns may hold, and the words that published lists use, from columns.toml."""

import tomllib
from importlib.resources import files
from typing import Any, Literal

Role = Literal[
    "donor", "amount", "day", "time", "transaction", "remark", "number", "currency", "status",
    "code", "quantity", "goods",
]  # fmt: skip
"""What a column of a list holds; `code` is the donor's unified social credit code."""

VOCABULARY: dict[str, Any] = tomllib.loads(
    files("charity.reporting").joinpath("columns.toml").read_text("utf-8")
)
