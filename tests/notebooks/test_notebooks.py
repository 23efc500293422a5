"""The tutorials, run cell by cell, their outputs compared with the committed ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOTEBOOKS = sorted((HERE.parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert next(path.name for path in NOTEBOOKS) == "01_first_job.ipynb"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_does_what_it_shows(path: Path, tmp_path: Path):
    """In a folder, a home and a Jupyter of its own, without a server."""
    notebook = tmp_path / "work" / path.name
    notebook.parent.mkdir()
    notebook.write_bytes(path.read_bytes())
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval", "--nbval-cell-timeout", "300"),
            *("--nbval-sanitize-with", str(HERE / "sanitize.cfg"), "-p", "no:cacheprovider"),
            *("-p", "no:xdist", "-q", "--rootdir", str(notebook.parent), str(notebook)),
        ],
        env=own_environment(tmp_path),
        cwd=notebook.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]


def own_environment(place: Path) -> dict[str, str]:
    """Return the environment of a run that has a home and a Jupyter of its own in a folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AUTOML_", "JPY_", "JUPYTER", "PYTEST_"))
    }
    private = {f"JUPYTER_{kind}_DIR": str(place / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    own = {"AUTOML_HOME": str(place / "home"), "IPYTHONDIR": str(place / "ipython")}
    path = os.pathsep.join(filter(None, sys.path))
    return {**kept, **private, **own, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
