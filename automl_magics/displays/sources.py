"""The list of sources."""

from collections.abc import Sequence
from typing import Any

from automl_magics.contracts.sources import ListedSource
from automl_magics.displays.view import MAGIC, View, render
from automl_magics.displays.wording import columns


class SourceList(View, Sequence[ListedSource]):
    """Sources by name."""

    header = ("name", "kind", "address", "set in")

    def __init__(self, sources: Sequence[ListedSource]) -> None:
        self.sources = sources

    def text(self, command: str = MAGIC) -> str:
        """Return the sources in columns."""
        if not self.sources:
            return f"No sources. Add one: {command} sources add NAME URL"
        return columns(self._rows(), self.header)

    def html(self) -> str:
        """Return the sources as a table."""
        return render("table.html", header=self.header, rows=self._rows(), note="")

    def data(self) -> list[dict[str, Any]]:
        """Return the sources as documents."""
        return [source.model_dump(mode="json") for source in self.sources]

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, place: Any) -> Any:
        return self.sources[place]

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (source.name, str(source.kind or "-"), source.url or str(source.error), source.set_by)
            for source in self.sources
        ]
