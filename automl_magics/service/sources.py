"""Sources: places that hold tables, added, listed and removed where the settings are."""

from collections.abc import Sequence
from pathlib import Path

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.sources import ConfiguredSource, ListedSource
from automl_magics.data.sources.address import parse_address
from automl_magics.data.sources.configured import (
    address_of,
    configured_sources,
    drop_source,
    keep_source,
)
from automl_magics.data.sources.listing import SourceTable, list_tables
from automl_magics.settings import Settings

LISTING_SECONDS = 5.0
"""Seconds that a database may take to list its tables."""


class SourceService:
    """Add, list and remove sources.

    Parameters
    ----------
    settings
        Whose home keeps the sources.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def add(self, name: str, url: str, *, folder: Path) -> ConfiguredSource:
        """Keep a source by a name; it need not be reachable yet.

        Parameters
        ----------
        url
            A URL, or the path of a file or a folder.
        folder
            Where relative paths start.

        Raises
        ------
        InvalidInput
            When the name or the address will not do, as when a password stands in it.
        Conflict
            When there is a source of that name.
        """
        return keep_source(self._settings, name, parse_address(url, folder=folder).url)

    def list(self) -> list[ListedSource]:
        """Return every source, by name; of an address that will not do, only why."""
        return [_listed(source) for source in configured_sources(self._settings).values()]

    def remove(self, name: str) -> None:
        """Forget a source; `NotFound`, or `Conflict` for one of the settings."""
        drop_source(self._settings, name)

    def tables(self, name: str) -> Sequence[SourceTable]:
        """Return a source's tables; an `AutoMLError` when it cannot be reached."""
        source = configured_sources(self._settings)[name]
        return list_tables(source, within=LISTING_SECONDS)


def _listed(source: ConfiguredSource) -> ListedSource:
    try:
        address = address_of(source)
    except InvalidInput as error:
        return ListedSource(name=source.name, set_by=source.set_by, error=error.message)
    return ListedSource(name=source.name, kind=address.kind, url=address.url, set_by=source.set_by)
