"""Provides the settings, read from the environment and shown by `charity settings`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Language = Literal["zh", "en"]


class Settings(BaseSettings):
    """Where this installation keeps its things, and how it calls itself.

    Attributes:
        home: folder for database, keys and files (CHARITY_HOME).
        database: address of the database (CHARITY_DATABASE); SQLite in the home by default.
        origin: the log's name: the site's address without scheme and trailing slash
            (CHARITY_ORIGIN). It is fixed when the log is made.
        language: of the command line (CHARITY_LANGUAGE); else by LANG, Chinese by default.
    """

    model_config = SettingsConfigDict(env_prefix="CHARITY_", extra="ignore")

    home: Path = Path("var")
    database: str = ""
    origin: str = Field(default="127.0.0.1:8000", pattern=r"^[^\s+/][^\s+]*[^\s+/]$")
    language: Language | None = None

    @property
    def database_address(self) -> str:
        """The database's address, the default filled in."""
        return self.database or f"sqlite:///{self.home.absolute() / 'charity.sqlite'}"
