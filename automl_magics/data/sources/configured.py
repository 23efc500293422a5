"""Which sources there are: those of the settings, and those of ``sources.json`` under the home."""

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from automl_magics.contracts.errors import Conflict, InvalidInput, NotFound, did_you_mean
from automl_magics.contracts.sources import ConfiguredSource
from automl_magics.data.sources.address import Address, parse_address

if TYPE_CHECKING:
    from automl_magics.settings import Settings

FILE = "sources.json"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TAKEN = frozenset(
    {"workspace", "memory", "temp", "system", "main", "information_schema", "pg_catalog"}
)
"""Names of DuckDB's own."""


def configured_sources(settings: "Settings") -> dict[str, ConfiguredSource]:
    """Return every source by its name; the settings win where both name one.

    Raises
    ------
    InvalidInput
        When the file of sources cannot be read.
    """
    kept = {name: ("home", url) for name, url in _read(settings).items()}
    given = {name.lower(): ("settings", url) for name, url in settings.sources.items()}
    return {
        name: ConfiguredSource.model_validate({"name": name, "url": url, "set_by": by})
        for name, (by, url) in sorted({**kept, **given}.items())
        if _NAME.fullmatch(name) and name not in _TAKEN
    }


def address_of(source: ConfiguredSource) -> Address:
    """Return a source's address, checked; `InvalidInput` names the source."""
    try:
        return parse_address(source.url, folder=Path.cwd())
    except InvalidInput as error:
        raise InvalidInput(
            f"The source {source.name!r}: {error.message}", hint=error.hint, field="source_table"
        ) from None


def keep_source(settings: "Settings", name: str, url: str) -> ConfiguredSource:
    """Add a source to the file; its address was checked.

    Raises
    ------
    InvalidInput
        When the name will not do.
    Conflict
        When there is one of that name.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} will not do as a source's name.",
            hint="Use lower-case letters, digits and _, with a letter first.",
            field="name",
        )
    if name in _TAKEN:
        raise InvalidInput(f"{name!r} is a name of DuckDB's own.", field="name")
    with _changed(settings) as kept:
        if name in configured_sources(settings):
            raise Conflict(
                f"There is a source {name!r}.", hint=f"Remove it first: sources remove {name}."
            )
        kept[name] = url
    return ConfiguredSource(name=name, url=url, set_by="home")


def drop_source(settings: "Settings", name: str) -> None:
    """Remove a source from the file.

    Raises
    ------
    NotFound
        When there is none of that name.
    Conflict
        When it is the settings that name it.
    """
    with _changed(settings) as kept:
        known = configured_sources(settings)
        if name not in known:
            raise NotFound(f"There is no source {name!r}.", hint=did_you_mean(name, known))
        if known[name].set_by == "settings":
            raise Conflict(
                f"The source {name!r} is set in the settings.",
                hint="Take it out of AUTOML_SOURCES or the server's configuration.",
            )
        del kept[name]


def _read(settings: "Settings") -> dict[str, str]:
    path = settings.folder() / FILE
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(url, str) for url in found.values()):
        raise InvalidInput(
            f"{FILE} in the home of automl-magics cannot be read.",
            hint="It holds one JSON object: names and addresses.",
        )
    return found


@contextmanager
def _changed(settings: "Settings") -> Iterator[dict[str, str]]:
    """Give the file's content to change, and put it in place whole; one process at a time."""
    from filelock import FileLock

    path = settings.folder() / FILE
    with FileLock(path.with_name(f".{FILE}.lock"), mode=0o600):
        kept = _read(settings)
        yield kept
        _replace(path, kept)


def _replace(path: Path, content: Mapping[str, str]) -> None:
    draft = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
