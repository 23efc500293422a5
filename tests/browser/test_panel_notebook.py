"""Between notebooks and the panel: train on a variable, drag a job in, insert its cell."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.jupyterlab import PATIENCE, Lab, LabPage
from tests.browser.test_panel import row

expect.set_options(timeout=PATIENCE)

FRAMES = """
import pandas, polars, pyarrow
people = pandas.DataFrame({"age": [1, 2], "it's {x}": [0, 1]})
lazy, table = polars.LazyFrame({"a": [1]}), pyarrow.table({"b": [1, 2, 3]})
"""


@pytest.fixture
def notebook(chromium: Browser, panel_lab: Lab) -> Iterator[LabPage]:
    context = chromium.new_context(viewport={"width": 1300, "height": 850})
    shown = LabPage(panel_lab, context.new_page())
    yield shown
    shown.shut_down()
    context.close()


def test_a_variable_is_picked_and_a_cell_written(notebook: LabPage) -> None:
    notebook.open(FRAMES, "print(sorted(vars()))")
    notebook.page.get_by_role("button", name="Train a model from one of").click()
    expect(notebook.page.get_by_role("alert")).to_contain_text("There is no data frame")
    notebook.run(0)
    notebook.page.get_by_role("button", name="Train a model from one of").click()
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog.get_by_label("Variable").locator("option")).to_have_text(
        [
            "people \u2013 pandas.DataFrame, 2 \u00d7 2",
            "lazy \u2013 polars.LazyFrame, 1",
            "table \u2013 pyarrow.Table, 3 \u00d7 1",
        ]
    )
    dialog.get_by_label("Label to predict").select_option("it's {x}")
    dialog.get_by_role("button", name="Insert Cell").click()
    written = notebook.cell(3).locator(".cm-content")
    expect(written).to_contain_text("""%%automl train --label 'it'"'"'s {{x}}'people""")
    names = notebook.run(1)  # the kernel was asked, and keeps nothing of it
    expect(names).to_contain_text("'people'")
    for left in ("name", "value", "column"):
        expect(names).not_to_contain_text(f"'{left}'")


def test_a_job_is_dragged_into_a_notebook_or_inserted_by_a_command(notebook: LabPage) -> None:
    notebook.open("print(type(model).__name__)")
    page = notebook.page
    page.locator('.jp-SideBar [data-id="automl-jobs"]').click()
    dragged = row(page, "churn").locator(".jp-AutoML-jobOpen")
    dragged.hover()
    page.mouse.down()
    place = notebook.cell(0).bounding_box()
    assert place
    page.mouse.move(place["x"] + 200, place["y"] + 10, steps=6)
    page.mouse.up()
    expect(notebook.cell(0)).to_contain_text("job = %automl show")
    expect(page.get_by_role("heading", name="churn")).to_have_count(0)  # it was no click
    notebook.run(0)
    expect(notebook.run(1)).to_contain_text("PyFuncModel")

    job = row(page, "unfinished").get_attribute("data-job-id")
    page.evaluate("id => window.jupyterapp.commands.execute('automl:insert-job', {id})", job)
    expect(notebook.cell(2)).to_contain_text(f"job = %automl show {job}job.wait()")
