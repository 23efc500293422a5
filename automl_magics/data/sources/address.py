"""A source's address: what kind it is, and where its passwords come from.

A password never stands in an address. It is named there: ``${env:NAME}`` is a variable of the
environment, ``${file:/path}`` the first line of a file.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.sources import SourceKind

REFERENCE = re.compile(r"\$\{(env|file):([^{}]+)\}")
DO_IT_RIGHT = (
    "Name it instead: ${env:NAME} for a variable of the environment, ${file:/path} for a file, "
    "e.g. postgresql://user:${env:PGPASSWORD}@host/database"
)

_SCHEMES = {
    "postgresql": SourceKind.POSTGRESQL,
    "postgres": SourceKind.POSTGRESQL,
    "duckdb": SourceKind.DUCKDB,
    "sqlite": SourceKind.SQLITE,
}
_MAGIC = {SourceKind.SQLITE: (0, b"SQLite format 3\x00"), SourceKind.DUCKDB: (8, b"DUCK")}
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_SECRET = re.compile(r"pass|secret|token|pwd|credential|(^|_)key($|_)|^sas|account_key", re.I)
_NO_SECRET = frozenset({"passfile", "sslkey"})  # libpq's names of files
_MASK = "automl-reference-{}-"
_MASKED = re.compile(r"automl-reference-(\d+)-")


@dataclass(frozen=True)
class Address:
    """An address that was checked, with its references still in it.

    Parameters
    ----------
    kind
        What kind of source it is.
    url
        As it is kept and shown: no secret is in it.
    """

    kind: SourceKind
    url: str

    @property
    def path(self) -> Path | None:
        """The file or folder on this machine; None for what is elsewhere."""
        scheme = _SCHEME.match(self.url)
        if scheme is None or scheme[1] not in ("duckdb", "sqlite", "file"):
            return None
        return Path(unquote(self.url[scheme.end() :]))


@dataclass(frozen=True)
class Opened:
    """An address with its references replaced by what they stand for. Never shown."""

    url: str = field(repr=False)
    options: Mapping[str, str] = field(repr=False)
    """The query's parameters, for a folder elsewhere; they are not in ``url`` then."""


def parse_address(text: str, *, folder: Path) -> Address:
    """Check an address as a person writes it: a URL, or the path of a file or folder.

    Parameters
    ----------
    folder
        Where relative paths start.

    Raises
    ------
    InvalidInput
        For what is no address of a source, and for a literal password. It never shows the address.
    """
    text = text.strip()
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _of_path(text, folder)
    name = scheme[1].lower()
    kind = _SCHEMES.get(name, SourceKind.FOLDER)
    rest = text[scheme.end() :]
    if kind is SourceKind.POSTGRESQL or (kind is SourceKind.FOLDER and name != "file"):
        _refuse_secrets(text)
        return Address(kind, f"{'postgresql' if name == 'postgres' else name}://{rest}")
    path = folder / Path(unquote(rest)).expanduser()
    if rest.startswith("/") and not path.exists() and (folder / rest[1:]).exists():
        path = folder / rest[1:]  # sqlite:///sales.db, a relative path in SQLAlchemy's way
    return _local(kind, path.resolve())


def open_address(address: Address) -> Opened:
    """Replace an address's references by what they stand for.

    Raises
    ------
    InvalidInput
        When the variable or the file is not there.
    """
    if address.path is not None:
        return Opened(address.url, {})
    masked, references = _masked(address.url)
    values = [_value(kind, name) for kind, name in references]
    if address.kind is SourceKind.POSTGRESQL:
        url = _MASKED.sub(lambda found: quote(values[int(found[1])], safe=""), masked)
        return Opened(url, {})
    place, _, query = masked.partition("?")

    def filled(part: str) -> str:
        return _MASKED.sub(lambda found: values[int(found[1])], part)

    options = {name: filled(value) for name, value in parse_qsl(query, keep_blank_values=True)}
    return Opened(filled(place), options)


def _of_path(text: str, folder: Path) -> Address:
    """Return the address of a file or folder; the file's first bytes tell its kind."""
    try:
        path = (folder / Path(text).expanduser()).resolve()
        if path.is_dir():
            return _local(SourceKind.FOLDER, path)
        with path.open("rb") as file:
            head = file.read(16)
    except (OSError, ValueError, RuntimeError):
        raise InvalidInput(
            "There is no such file or folder, and it is no URL.",
            hint="E.g. sales.sqlite, data/lake, s3://bucket/lake, postgresql://user@host/database",
            field="url",
        ) from None
    for kind, (start, magic) in _MAGIC.items():
        if head[start:].startswith(magic):
            return _local(kind, path)
    raise InvalidInput(
        f"{path.name!r} is neither a DuckDB nor an SQLite file.",
        hint="A folder of Parquet or CSV files is a source too.",
        field="url",
    )


def _local(kind: SourceKind, path: Path) -> Address:
    scheme = "file" if kind is SourceKind.FOLDER else kind.value
    return Address(kind, f"{scheme}://{quote(str(path))}")


def _refuse_secrets(text: str) -> None:
    """Raise `InvalidInput` where a secret stands in the address itself."""
    masked, _ = _masked(text)
    try:
        parts = urlsplit(masked)
    except ValueError:
        raise InvalidInput("The address is no URL.", hint=DO_IT_RIGHT, field="url") from None
    _, _, password = parts.netloc.rpartition("@")[0].partition(":")
    given = [("password", password)] if password else []
    given += [
        (name, value)
        for name, value in parse_qsl(parts.query)
        if _SECRET.search(name) and name not in _NO_SECRET
    ]
    for name, value in given:
        if not _MASKED.fullmatch(value):
            raise InvalidInput(
                f"The address holds a {name if name.isidentifier() else 'secret'}.",
                hint=DO_IT_RIGHT,
                field="url",
            )
    if "@" in parts.path + parts.query + parts.fragment:  # of a password with a /, ? or # in it
        raise InvalidInput("The address is no URL.", hint=DO_IT_RIGHT, field="url")


def _masked(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text with a plain word for each reference, since those may hold slashes."""
    references: list[tuple[str, str]] = []

    def mask(found: re.Match[str]) -> str:
        references.append((found[1], found[2]))
        return _MASK.format(len(references) - 1)

    return REFERENCE.sub(mask, text), references


def _value(kind: str, name: str) -> str:
    if kind == "env":
        if (value := os.environ.get(name)) is None:
            raise InvalidInput(
                f"The variable {name} is not set in this process's environment.",
                hint="The source's address names it.",
            )
        return value
    try:
        return Path(name).expanduser().read_text().partition("\n")[0].rstrip("\r")
    except (OSError, ValueError, RuntimeError):
        raise InvalidInput(
            "The file that holds the source's password cannot be read.",
            hint="The source's address names it.",
        ) from None
