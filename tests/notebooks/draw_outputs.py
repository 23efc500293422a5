"""Runs tutorials for real and keeps their outputs: ``python -m tests.notebooks.draw_outputs [NAME]``."""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.notebooks.test_notebooks import NOTEBOOKS, own_environment


def main(names: list[str]) -> None:
    """Run the tutorials of these names, or all."""
    for path in NOTEBOOKS:
        if not names or path.stem in names:
            with tempfile.TemporaryDirectory(prefix="automl-tutorial-") as place:
                draw(path, Path(place))


def draw(path: Path, place: Path) -> None:
    """Run a tutorial in a folder, a home and a Jupyter of its own; write it where it was."""
    notebook = nbformat.read(path, as_version=4)
    (place / "work").mkdir()
    client = NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(place / "work")}}
    )
    client.execute(env=own_environment(place))
    nbformat.write(cleaned(notebook, place), path)


def cleaned(notebook: NotebookNode, place: Path) -> NotebookNode:
    """Drop times of cells; the place that the tutorial ran in is ``~``."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    text = nbformat.writes(notebook).replace(str(place), "~")
    return nbformat.reads(text, as_version=4)


if __name__ == "__main__":
    main(sys.argv[1:])
