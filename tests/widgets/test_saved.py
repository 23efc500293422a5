"""What a saved notebook keeps of a widget, for nbconvert and for code hosts."""

import os
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

CELLS = (
    "%load_ext automl_magics",
    "%automl form data/churn.csv --label churned",
    "%automl train data/churn.csv --label churned --name churn --no-auto-trigger --quiet",
    "%automl monitor churn",
    "%automl board",
)


@pytest.fixture
def saved(folder, kernel_environment, monkeypatch):
    for name, value in kernel_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, resources=resources, timeout=240).execute()


def test_a_saved_notebook_keeps_the_widgets_state_and_a_picture_in_words(saved):
    outputs = [output for cell in saved.cells for output in cell.outputs]
    form, monitor, board = (output["data"] for output in outputs)
    for shown in (form, monitor, board):
        assert "application/vnd.jupyter.widget-view+json" in shown
    assert form["text/plain"].startswith("%%automl train --label churned")
    assert monitor["text/plain"].startswith("churn  ready")
    assert "automl-badge ready" in monitor["text/html"]
    assert "churn" in board["text/html"]

    state = saved.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    kept = [one["state"] for one in state.values()]
    assert any(one.get("description") == "Create" for one in kept)
    assert any("churn" in str(one.get("value", "")) for one in kept)

    page, _ = HTMLExporter().from_notebook_node(saved)
    assert "application/vnd.jupyter.widget-state+json" in page
