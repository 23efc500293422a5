"""Draws the pictures of the side panel: ``python -m tests.browser.panel_screenshots FOLDER``."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.jupyterlab import PATIENCE, Lab, running_chromium, running_lab
from tests.browser.test_panel import opened, row, train
from tests.browser.test_panel_proposals import propose, tab, write_shop
from tests.browser.test_panel_proposals import row as proposal_row
from tests.conftest import write_churn


def main(folder: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="automl-panel-") as place,
        running_lab(Path(place), home=Path(place) / "automl") as lab,
        sync_playwright() as playwright,
        running_chromium(playwright) as browser,
    ):
        write_churn(lab.folder / "churn.csv", rows=2000)
        write_shop(lab.folder)
        with opened(browser, lab) as page:
            draw(page, lab, folder)
        with opened(browser, lab) as page:
            draw_form(page, folder)
        with opened(browser, lab) as page:
            draw_deployment(page, folder)
        with opened(browser, lab) as page:
            draw_proposal(page, lab, folder)


def draw(page: Page, lab: Lab, folder: Path) -> None:
    expect.set_options(timeout=PATIENCE)
    train(lab, "churn in spring", preset="balanced", max_trials=14)  # on any machine the same
    expect(row(page, "churn in spring")).to_contain_text("Complete")
    train(lab, "for the board meeting", auto_trigger=False)
    train(lab, "churn, all night", preset="best_quality", time_limit=3000)
    expect(row(page, "churn, all night").locator(".jp-AutoML-sparkline")).to_be_visible()
    row(page, "churn in spring").locator(".jp-AutoML-jobOpen").click()
    expect(page.locator(".jp-AutoML-chart svg").first).to_be_visible()
    dismiss_notices(page)
    page.screenshot(path=folder / "panel.png")
    use_theme(page, "JupyterLab Dark")
    page.get_by_role("tab", name="Airflow DAG").click()
    expect(page.locator(".jp-AutoML-dag .cm-content")).to_contain_text("import")
    page.screenshot(path=folder / "panel-dark.png")


def draw_form(page: Page, folder: Path) -> None:
    """Draw the form of a new job, with what is found and with what is wrong."""
    use_theme(page, "JupyterLab Light")
    page.evaluate(
        "request => { window.jupyterapp.commands.execute('automl:create-job', {request}) }",
        {"source_table": "churn.csv"},
    )
    form = page.get_by_role("form", name="New training job")
    form.get_by_role("button", name="churned").click()
    expect(form.get_by_text("since 'churned' has")).to_be_visible()
    form.get_by_label("Time limit").fill("-60")
    form.get_by_label("Name", exact=True).fill("churn in autumn")
    expect(form.get_by_role("alert")).to_be_visible()
    page.mouse.move(700, 840)
    page.screenshot(path=folder / "panel-create.png")


def draw_deployment(page: Page, folder: Path) -> None:
    """Draw a deployed model that has answered a row."""
    row(page, "churn in spring").locator(".jp-AutoML-jobOpen").click()
    page.get_by_role("button", name="Deploy Model").click()
    page.get_by_role("alert").get_by_role("button", name="Try It").click()
    model = page.get_by_role("article")
    expect(model.get_by_label("tenure")).not_to_have_value("")
    model.get_by_role("button", name="Predict").click()
    expect(model.get_by_role("region", name="Predictions")).to_contain_text("probability")
    dismiss_notices(page)
    page.screenshot(path=folder / "panel-deployments.png")


def dismiss_notices(page: Page) -> None:
    """Take away what pops up, and the mouse from what it would mark."""
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:dismiss-notification')")
    expect(page.locator(".Toastify__toast")).to_have_count(0)
    page.mouse.move(700, 840)


def use_theme(page: Page, name: str) -> None:
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
    )
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", name)


def draw_proposal(page: Page, lab: Lab, folder: Path) -> None:
    use_theme(page, "JupyterLab Light")
    page.get_by_role("tab", name="Proposals").click()
    failing = {"label": {"name": "plan", "column": "plan"}}
    for name, fields in (("plans", failing), ("churn_training", {"max_features": 12})):
        propose(lab, name, **fields)
        expect(proposal_row(page, name)).to_contain_text("Failed" if fields is failing else "To be")
    proposal_row(page, "churn_training").click()
    shown = tab(page, "churn_training")
    boxes = shown.locator("[data-feature]")
    boxes.nth(1).get_by_role("checkbox").uncheck()
    boxes.nth(2).get_by_role("textbox").fill("how_much_they_spend")
    dismiss_notices(page)
    page.screenshot(path=folder / "panel-proposal.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
