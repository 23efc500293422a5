"""Choosing what to train on: a file, a table or a variable, with a look at its rows."""
# mypy: disallow-subclassing-any=False

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from automl_magics.contracts.errors import AutoMLError
from automl_magics.data.formats import SUFFIXES
from automl_magics.data.frames import is_frame
from automl_magics.data.preview import Preview, preview_source
from automl_magics.data.source import Source, local_source
from automl_magics.displays.view import render
from automl_magics.session import Session
from automl_widgets.controls import Notice
from automl_widgets.fields import STYLE

if TYPE_CHECKING:
    from automl_magics.contracts.data import LabelProfile

FILES = 100
"""How many files are offered at most."""

FOLDERS_DEEP = 2


class DataChoice(ipywidgets.VBox):
    """One line for the source, and its first rows under it.

    Parameters
    ----------
    namespace
        The notebook's variables; the frames among them are offered by name.
    folder
        Where relative paths start; its data files are offered.
    changed
        Called when there is another source, after the look at it.
    """

    def __init__(
        self,
        session: Session,
        namespace: Mapping[str, Any],
        folder: Path,
        changed: Callable[[], None],
    ) -> None:
        self._session, self._namespace, self._folder = session, namespace, folder
        self._changed = changed
        self.preview: Preview | None = None
        self.name = ipywidgets.Combobox(
            description="data",
            placeholder="a variable, a file, a table, or a SELECT",
            options=self._offers(),
            continuous_update=False,
            tooltip="What to train on: a variable, a file, a table, or a SELECT in DuckDB's SQL",
            layout={"width": "40em"},
            style=STYLE,
        )
        self._shown = ipywidgets.HTML(layout={"overflow": "auto"})
        self._notice = Notice()
        super().__init__([self.name, self._notice, self._shown])
        self.name.observe(lambda _: self.look(), names="value")

    @property
    def source(self) -> str:
        """The source as a request names it."""
        return str(self.name.value).strip()

    @property
    def columns(self) -> list[str]:
        """The source's columns; empty where nobody here can look at it."""
        return list(self.preview.columns) if self.preview else []

    def look(self) -> None:
        """Read the first rows, and say what is wrong where that cannot be done."""
        self.preview = None
        self._shown.value = ""
        self._notice.say("")
        try:
            if self.source and self._session.way.is_local:
                self.preview = preview_source(self._opened())
                self._shown.value = _table(self.preview)
        except AutoMLError as error:
            self._notice.complain(error)
        self._changed()

    def label_profile(self, column: str) -> "LabelProfile | None":
        """Count over the label's values; None where nobody here can look at it."""
        from automl_magics.data.profile import profile_source

        if self.preview is None or column not in self.preview.columns:
            return None
        return profile_source(self._opened(), column).label

    def _opened(self) -> Source:
        return local_source(
            self._session.settings,
            self.source,
            namespace=self._namespace,
            folder=self._folder,
        )

    def _offers(self) -> list[str]:
        variables = sorted(
            name
            for name, value in self._namespace.items()
            if not name.startswith("_") and is_frame(value)
        )
        return [*variables, *self._files()]

    def _files(self) -> list[str]:
        found: list[str] = []
        patterns = ["/".join(["*"] * depth) for depth in range(1, FOLDERS_DEEP + 1)]
        for pattern in patterns:
            for path in self._folder.glob(pattern):
                is_hidden = any(part.startswith(".") for part in path.parts[-FOLDERS_DEEP:])
                if path.suffix.lower() in SUFFIXES and not is_hidden and path.is_file():
                    found.append(str(path.relative_to(self._folder)))
                if len(found) == FILES:
                    return sorted(found)
        return sorted(found)


def _table(preview: Preview) -> str:
    header = [f"{name} ({kind})" for name, kind in preview.columns.items()]
    return render("table.html", header=header, rows=preview.rows, note="The first rows.")
