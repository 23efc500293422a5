"""The form of a new training job in JupyterLab, from a file's menu to the job's page."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.jupyterlab import PATIENCE, Lab

AXE = Path(__file__).parents[2] / "widgets/labextension/node_modules/axe-core/axe.min.js"

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def page(chromium: Browser, lab: Lab) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1300, "height": 950})
    shown = context.new_page()
    shown.set_default_timeout(PATIENCE)
    shown.goto(f"{lab.url}lab?token={lab.token}&reset")
    yield shown
    context.close()


def test_a_model_is_trained_from_a_files_menu(
    page: Page, lab: Lab, until: Callable[..., Any]
) -> None:
    page.locator(".jp-DirListing-item", has_text="churn.csv").click(button="right")
    page.get_by_role("menuitem", name="Train a Model from This File…").click()
    form = page.get_by_role("form", name="New training job")
    expect(form.get_by_label("Source table")).to_have_value("churn.csv")
    expect(form.get_by_label("Problem type")).to_have_value("")  # to be detected
    expect(form.locator("tbody tr")).to_have_count(5)
    form.get_by_label("Name", exact=True).fill("from the menu")
    until(lambda: saved_workspace(page), lambda saved: "from the menu" in saved)
    page.goto(f"{lab.url}lab")
    expect(form).to_have_count(1)
    expect(form.get_by_label("Name", exact=True)).to_have_value("from the menu")
    form.get_by_label("Preset").select_option("fast")
    form.get_by_text("More", exact=True).click()
    form.get_by_label("Max trials").fill("2")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("alert")).to_contain_text("label_column is required")
    expect(form.get_by_label("Name", exact=True)).to_have_value("from the menu")
    form.get_by_label("Group column").select_option("churned")
    form.get_by_role("button", name="churned").click()
    expect(form.get_by_label("Label column")).to_have_value("churned")
    form.get_by_role("button", name="Create").click()
    expect(form.locator('[data-field="group_column"]').get_by_role("alert")).to_be_visible()
    assert not serious_violations(page)
    form.get_by_label("Group column").select_option("")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="from the menu")).to_be_visible()
    expect(form).to_have_count(0)
    expect(page.locator(".jp-AutoML-page .jp-AutoML-badge")).to_have_text("Complete")


def serious_violations(page: Page) -> list[str]:
    """Return what axe finds wrong with our views, in the page as it stands."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run('.jp-AutoML-page')")
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def saved_workspace(page: Page) -> str:
    """Return what JupyterLab would restore after a reload."""
    fetched = "window.jupyterapp.serviceManager.workspaces.fetch('default')"
    return str(page.evaluate(f"async () => JSON.stringify(await {fetched})"))
