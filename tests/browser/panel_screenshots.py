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
            draw_proposal(page, lab, folder)


def draw(page: Page, lab: Lab, folder: Path) -> None:
    expect.set_options(timeout=PATIENCE)
    train(lab, "churn in spring", preset="balanced", time_limit=30)
    expect(row(page, "churn in spring")).to_contain_text("Complete")
    train(lab, "for the board meeting", auto_trigger=False)
    train(lab, "churn, all night", preset="best_quality", time_limit=3000)
    expect(row(page, "churn, all night").locator(".jp-AutoML-sparkline")).to_be_visible()
    row(page, "churn in spring").locator(".jp-AutoML-jobOpen").click()
    expect(page.locator(".jp-AutoML-chart svg").first).to_be_visible()
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:dismiss-notification')")
    page.mouse.move(700, 840)
    page.screenshot(path=folder / "panel.png")
    page.evaluate(
        "() => window.jupyterapp.commands.execute("
        "'apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    page.get_by_role("tab", name="Airflow DAG").click()
    expect(page.locator(".jp-AutoML-dag .cm-content")).to_contain_text("import")
    page.screenshot(path=folder / "panel-dark.png")


def draw_proposal(page: Page, lab: Lab, folder: Path) -> None:
    page.evaluate(
        "() => window.jupyterapp.commands.execute("
        "'apputils:change-theme', {theme: 'JupyterLab Light'})"
    )
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
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:dismiss-notification')")
    page.mouse.move(700, 840)
    page.screenshot(path=folder / "panel-proposal.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
