"""Draws the pictures of the documentation: ``python -m tests.browser.screenshots FOLDER``."""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Locator, expect, sync_playwright

from tests.browser.jupyterlab import PATIENCE, LabPage, running_chromium, running_lab

DATA = """
%load_ext automl_magics
import pandas as pd
from sklearn.datasets import load_breast_cancer
tumours = load_breast_cancer(as_frame=True).frame
tumours["diagnosis"] = tumours.pop("target").map({0: "malignant", 1: "benign"})
patients = tumours.iloc[:, [0, 1]].reset_index(names="patient").assign(ill=tumours.diagnosis)
visits = pd.DataFrame({"patient": [n % 569 for n in range(2000)], "visit": range(2000)})
visits["value"] = visits["visit"] % 11 + visits["patient"] % 3
"""
FORM = "%automl form tumours --label diagnosis"
MONITOR = """
%automl train tumours --label diagnosis --name tumours --max-trials 4 --time-limit 300
%automl monitor tumours
"""
CARD = "%automl show tumours"
REVIEW = """
from pathlib import Path
get_ipython().run_cell_magic("automl", "features propose patient_training --grain patient"
    " --label ill --max-features 12 --wait --into proposal", "patients\\nvisits")
%automl features review patient_training
"""


def main(folder: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="automl-shots-") as place,
        running_lab(Path(place) / "lab", home=Path(place) / "automl") as lab,
        sync_playwright() as playwright,
        running_chromium(playwright) as browser,
    ):
        view = {"width": 1320, "height": 2400}
        draw(LabPage(lab, browser.new_context(viewport=view).new_page()), folder)


def draw(shown: LabPage, folder: Path) -> None:
    """Fill a notebook step by step and take a picture after each."""
    expect.set_options(timeout=PATIENCE)
    shown.open(DATA, FORM, MONITOR, CARD, REVIEW, name="pictures")
    shown.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    shown.run(0)
    form = shown.run(1)
    expect(form).to_contain_text("detected: binary classification")
    form.get_by_text("The same as a cell and a call").click()
    shoot(form, folder / "form.png")

    monitor = shown.run(2)
    monitor.get_by_role("tab", name="Search").click()
    expect(monitor.locator(".vega-embed").first).to_be_visible()
    expect(monitor.get_by_text(re.compile(r"[2-3] of 4 trials")).first).to_be_visible()
    shoot(monitor, folder / "monitor.png")
    shown.use_theme("JupyterLab Dark")
    shoot(monitor, folder / "monitor-dark.png")
    expect(monitor.locator(".automl-badge.complete").first).to_be_visible()

    shown.page.add_style_tag(content=".Toastify { display: none }")  # the panel's, of all pages
    card = shown.run(3)
    for title in ("On rows not learned from", "Features", "Search"):
        card.get_by_text(title, exact=True).click()
    shoot(card, folder / "job-dark.png")
    shown.use_theme("JupyterLab Light")
    shoot(card, folder / "job.png")

    review = shown.run(4)
    expect(review.get_by_role("button", name="Approve")).to_be_visible()
    shoot(review, folder / "review.png")
    shown.shut_down()


def shoot(part: Locator, path: Path) -> None:
    """Take a picture of a part of the page, once it has come to rest."""
    part.scroll_into_view_if_needed()
    part.page.mouse.move(0, 0)
    part.page.wait_for_timeout(500)
    part.screenshot(path=path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
