"""The form and the monitor in a real browser, by mouse and keyboard."""

from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import PATIENCE

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
