"""Provides the settings, read from the environment and shown by `charity settings`."""

import json
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Language = Literal["zh", "en"]
SQLITE = "sqlite:///"
WITNESSES_FILE = "witnesses"
SIGNED_FILE = "signed.sqlite"
DRAFTS_FOLDER = "drafts"


def _networks(value: object) -> object:
    """Return networks as a list; text is a JSON list, or parted by commas as `settings` shows it.

    Raises:
        ValueError: text in brackets is no JSON.
    """
    if not isinstance(value, str):
        return value
    if value.strip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]


class Settings(BaseSettings):
    """Where this installation keeps its things, and how it calls itself.

    Attributes:
        home: folder for database, keys and files (CHARITY_HOME).
        database: address of the database (CHARITY_DATABASE); SQLite in the home by default.
        origin: the log's name: the site's address without scheme and trailing slash
            (CHARITY_ORIGIN). It is fixed when the log is made.
        disk_floor_mb: the log is read-only below so many free MB of disk (CHARITY_DISK_FLOOR_MB).
        witnesses: the file that lists the witnesses: a verifier key and an address on each line
            (CHARITY_WITNESSES); by default the file "witnesses" in the home, if it is there.
        smtp: where mail goes out (CHARITY_SMTP), such as smtp://user:password@mail.example:587;
            without it nothing is sent, and invitations are shown to whoever makes them.
        mail_from: the sender of mail (CHARITY_MAIL_FROM).
        harvest_networks: private networks that lists may be fetched from, besides the public
            Internet (CHARITY_HARVEST_NETWORKS), such as 10.1.0.0/16, 10.3.0.0/16.
        language: of the command line (CHARITY_LANGUAGE); else by LANG, Chinese by default.
    """

    model_config = SettingsConfigDict(env_prefix="CHARITY_", extra="ignore")

    home: Path = Path("var")
    database: str = ""
    origin: str = Field(default="127.0.0.1:8000", pattern=r"^[^\s+/][^\s+]*[^\s+/]$")
    disk_floor_mb: int = Field(default=256, ge=0)
    witnesses: Path | None = None
    smtp: str = ""
    mail_from: str = "charity-city@localhost"
    harvest_networks: Networks = ()
    language: Language | None = None

    @property
    def database_address(self) -> str:
        """The database's address, the default filled in."""
        return self.database or sqlite_address(self.home.absolute() / "charity.sqlite")

    @property
    def signed_store(self) -> Path:
        """The file of the newest signed checkpoint."""
        return self.home.absolute() / SIGNED_FILE

    @property
    def drafts(self) -> Path:
        """The folder of drafts: what is reported and not yet in the ledger, sealed."""
        return self.home.absolute() / DRAFTS_FOLDER

    @property
    def witnesses_file(self) -> Path | None:
        """The file that lists the witnesses; None if there is none."""
        if self.witnesses is not None:
            return self.witnesses
        file = self.home / WITNESSES_FILE
        return file if file.exists() else None


def sqlite_address(file: Path) -> str:
    """Return the database address of an SQLite file, whatever characters its path has."""
    path = str(file)
    for character in "%?#":
        path = path.replace(character, quote(character))
    return f"{SQLITE}{path}"


def sqlite_file(address: str) -> Path | None:
    """Return the file of an SQLite database address; None for an address of another kind."""
    if not address.startswith(SQLITE):
        return None
    return Path(unquote(address.removeprefix(SQLITE)))
