"""A file that a verb has written."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from automl_magics.contracts.documents import JobDocument
from automl_magics.contracts.errors import Conflict, InvalidInput, UsageError
from automl_magics.displays.view import MAGIC, View, render


def write_document(document: JobDocument, folder: Path, to: str | Path | None) -> Path:
    """Write a document and return its path.

    Parameters
    ----------
    folder
        Where relative paths start, and where a file goes that is not named.
    to
        The file; one named after the job when left out.

    Raises
    ------
    UsageError
        For a name of another kind of file.
    Conflict
        Where a notebook is there already: somebody may have worked in it.
    InvalidInput
        When the file cannot be written.
    """
    path = folder / (to or document.file_name)
    ending = Path(document.file_name).suffix
    if path.suffix != ending:
        raise UsageError(f"{path.name} does not end in {ending}.", hint=f"--to {path.stem}{ending}")
    try:
        with path.open("x" if ending == ".ipynb" else "w", encoding="utf-8") as file:
            file.write(document.content)
    except FileExistsError:
        raise Conflict(
            f"{path} is there already.", hint="Name another file with --to, or delete that one."
        ) from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from None
    return path


class WrittenFile(View):
    """Where a file is, with a link to it in a notebook."""

    def __init__(self, path: Path, folder: Path, job_id: str) -> None:
        self.path = path
        self._folder, self._job_id = folder, job_id

    def __fspath__(self) -> str:
        return str(self.path)

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return one line."""
        return f"Wrote {self._shown}"

    def html(self) -> str:
        """Return one line with a link, which JupyterLab opens beside the notebook."""
        link = "" if self._shown.startswith(("..", os.sep)) else quote(self._shown)
        return render("written.html", shown=self._shown, link=link)

    def data(self) -> dict[str, Any]:
        """Return job and path."""
        return {"job_id": self._job_id, "path": str(self.path)}

    @property
    def _shown(self) -> str:
        return os.path.relpath(self.path, self._folder)
