"""The form and the monitor in a real browser, by mouse and keyboard."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.jupyterlab import PATIENCE, LabPage, running_lab
from tests.conftest import write_churn

AXE = Path(__file__).parents[2] / "widgets/labextension/node_modules/axe-core/axe.min.js"

expect.set_options(timeout=PATIENCE)

BEATS = """
import pathlib, time
beat = 0
while not pathlib.Path("enough").exists():
    print("beat", beat := beat + 1, flush=True)
    time.sleep(0.2)
"""

NAMELESS = """
() => [...document.querySelectorAll('.jp-OutputArea :is(input, select, textarea, button)')]
  .filter(one => one.offsetParent)
  .filter(one => !(one.labels?.length && [...one.labels].some(text => text.textContent.trim()))
    && !one.ariaLabel && !one.title && !one.closest('[title]') && !one.textContent.trim())
  .map(one => one.outerHTML)
"""
"""Controls in sight that a screen reader would have no name for."""


AXE_RUN = """
async () => (await axe.run({include: [['.jp-OutputArea-output']]}, {runOnly: [
  'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})).violations
  .filter(one => ['serious', 'critical'].includes(one.impact))
  .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 200))])
"""


def wrong_for_some(page: Page) -> Any:
    """Return what axe finds in what stands under the cells."""
    page.add_script_tag(path=AXE)
    return page.evaluate(AXE_RUN)


def _type(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.click()
    field.fill("")
    page.keyboard.type(text)
    page.keyboard.press("Tab")


def test_a_form_is_filled_a_job_is_watched_and_stopped(lab_page):
    """The monitor moves while another cell prints."""
    lab_page.open("%load_ext automl_magics", "%automl form", BEATS, name="form")
    page = lab_page.page
    lab_page.run(0)
    form = lab_page.run(1)
    create = form.get_by_role("button", name="Create")
    expect(create).to_be_disabled()
    expect(form).to_contain_text("Pick the data first.")
    _type(page, "data", "chrun.csv")
    expect(form.get_by_role("alert")).to_contain_text("There is no file 'chrun.csv'")
    _type(page, "data", "churn.csv")
    expect(form).to_contain_text("tenure (integer)")
    _type(page, "label", "churned")
    expect(form).to_contain_text("detected: binary classification, 2 values")
    form.get_by_role("button", name="best quality").click()
    _type(page, "time limit", "600")
    form.get_by_text("The same as a cell and a call").click()
    expect(form).to_contain_text("%%automl train --label churned")
    assert page.evaluate(NAMELESS) == []

    create.click()
    expect(form).to_contain_text("Created churn-churned")
    lab_page.start(2)
    beats = lab_page.output(2)
    expect(beats).to_contain_text("beat 3")
    expect(form.locator(".automl-badge.running")).to_be_visible()
    expect(form.get_by_role("progressbar")).to_be_visible()
    expect(form).to_contain_text("best roc_auc")
    expect(lab_page.cell(2).locator(".jp-InputPrompt")).to_contain_text("*")  # still printing
    (lab_page.lab.folder / "enough").touch()

    form.get_by_role("button", name="Stop", exact=True).click()
    form.get_by_role("button", name="No", exact=True).click()
    expect(form.locator(".automl-badge.running")).to_be_visible()
    form.get_by_role("button", name="Stop", exact=True).click()
    form.get_by_role("button", name="Yes, stop it").click()
    expect(form.locator(".automl-badge.stopped")).to_be_visible()
    form.get_by_role("tab", name="Log").click()
    expect(form.locator("pre .automl-warning").first).to_contain_text("Stopped by")
    assert page.evaluate(NAMELESS) == []


JOB = "%automl train churn.csv --label churned --name again --time-limit 600"


def test_a_monitor_goes_on_after_the_kernel_was_restarted(lab_page):
    lab_page.open("%load_ext automl_magics", JOB, "%automl monitor again", name="restarted")
    page = lab_page.page
    for place in range(2):
        lab_page.run(place)
    expect(lab_page.run(2).get_by_role("button", name="Stop", exact=True)).to_be_visible()
    lab_page.restart()
    lab_page.run(0)
    again = lab_page.run(2)
    expect(again.locator(".automl-badge.running")).to_be_visible()
    expect(again).to_contain_text("best roc_auc")
    before = _trials(again)
    expect(again).not_to_contain_text(before)
    again.get_by_role("button", name="Stop", exact=True).click()
    again.get_by_role("button", name="Yes, stop it").click()
    expect(again.locator(".automl-badge.stopped")).to_be_visible()
    assert page.evaluate(NAMELESS) == []


def _trials(monitor: Locator) -> str:
    """Return how many trials are told now, e.g. ``3 of 10 trials``."""
    found = monitor.get_by_text(re.compile(r"\d+ of \d+ trials")).first.text_content() or ""
    told = re.search(r"\d+ of \d+ trials", found)
    assert told
    return told[0]


SHORT = "%automl train churn.csv --label churned --name seen --max-trials 1 --quiet --wait"
SEEN = ("%automl form churn.csv --label churned", "%automl monitor seen", "%automl board", SHORT)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious_in_the_widgets(theme, lab_page):
    """Names, roles and contrasts, on the whole form and a finished job's monitor."""
    form, monitor, board, job = SEEN
    lab_page.open("%load_ext automl_magics", job, form, monitor, board, name="axe")
    page = lab_page.page
    lab_page.use_theme(theme)
    for place in range(5):
        lab_page.run(place)
    expect(lab_page.output(3).locator(".automl-badge.complete").first).to_be_visible()
    expect(lab_page.output(2)).to_contain_text("detected: binary classification")
    page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert wrong_for_some(page) == []
    for tab in ("Search", "Log"):
        lab_page.output(3).get_by_role("tab", name=tab).click()
        assert wrong_for_some(page) == []
    assert page.evaluate(NAMELESS) == []


PROPOSED = """
import pandas as pd
people = pd.DataFrame({"person": range(300), "age": [n % 71 for n in range(300)]})
people["ill"] = people["age"] > 40
visits = pd.DataFrame({"person": [n % 300 for n in range(900)], "visit": range(900)})
visits["paid"] = visits["visit"] % 11 + visits["person"] % 3
get_ipython().run_cell_magic("automl", "features propose care --grain person --label ill"
    " --max-features 4 --wait --into proposal", "people\\nvisits")
%automl features review care
"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious_in_a_review(theme, lab_page):
    lab_page.open("%load_ext automl_magics", PROPOSED, name="review")
    page = lab_page.page
    lab_page.use_theme(theme)
    lab_page.run(0)
    review = lab_page.run(1)
    expect(review.get_by_role("button", name="Approve")).to_be_visible()
    name = review.get_by_role("textbox", name=re.compile("^What to call ")).first
    expect(name).to_be_editable()
    expect(review.get_by_role("checkbox", name=re.compile("^Keep ")).first).to_be_checked()
    assert wrong_for_some(page) == []
    for title in ("Label", "Notes"):
        review.get_by_text(title, exact=True).click()
        assert wrong_for_some(page) == []
    assert page.evaluate(NAMELESS) == []


@pytest.fixture
def notebook7(tmp_path: Path, settings: Any, chromium: Browser) -> Iterator[LabPage]:
    """A page of a Notebook 7, in whose folder ``churn.csv`` is."""
    with running_lab(tmp_path / "nb7", home=settings.home, app="notebook") as served:
        write_churn(served.folder / "churn.csv", rows=300)
        context = chromium.new_context(viewport={"width": 1200, "height": 900})
        shown = LabPage(served, context.new_page())
        yield shown
        shown.shut_down()
        context.close()


CARD = "%automl show churn-churned"


def test_form_monitor_and_card_work_in_notebook_7(notebook7):
    notebook7.open("%load_ext automl_magics", "%automl form", CARD, name="seven")
    page = notebook7.page
    notebook7.run(0)
    form = notebook7.run(1)
    _type(page, "data", "churn.csv")
    _type(page, "label", "churned")
    expect(form).to_contain_text("detected: binary classification, 2 values")
    _type(page, "time limit", "6")
    form.get_by_role("button", name="Create").click()
    expect(form).to_contain_text("Created churn-churned")
    expect(form.locator(".automl-badge.complete").first).to_be_visible()
    form.get_by_role("tab", name="Search").click()
    expect(form.locator(".vega-embed").first).to_be_visible()
    assert page.evaluate(NAMELESS) == []
    card = notebook7.run(2)
    expect(card).to_contain_text("%automl predict churn-churned SOURCE")
    card.get_by_text("On rows not learned from", exact=True).click()
    expect(card.locator("figure svg").first).to_be_visible()
