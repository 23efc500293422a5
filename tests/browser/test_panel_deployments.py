"""Deployed models and access keys in JupyterLab: deployed, tried, replaced, asked with a key."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.jupyterlab import PATIENCE, Lab
from tests.browser.test_panel import ask, opened
from tests.browser.test_panel_create import serious_violations

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def page(chromium: Browser, panel_lab: Lab) -> Iterator[Page]:
    with opened(chromium, panel_lab) as shown:
        yield shown


def test_a_model_is_deployed_tried_and_replaced(page: Page, panel_lab: Lab) -> None:
    newest, oldest = _versions(panel_lab)
    page.locator(f'[data-job-id="{newest}"] .jp-AutoML-jobOpen').click()
    page.get_by_role("button", name="Deploy Model").click()
    page.get_by_role("alert").get_by_role("button", name="Try It").click()
    model = page.get_by_role("article", name="default-churn")
    expect(model.locator(".jp-AutoML-badge")).to_have_text("Version 2")
    form = model.get_by_role("form")
    tenure = form.get_by_label("tenure")
    row = {"tenure": "3", "plan": "basic", "spend": "41.5", "since": "2024-03-05"}
    for column, value in row.items():
        form.get_by_label(column).fill(value)
    assert not serious_violations(page)
    form.get_by_role("button", name="Predict").click()
    answer = model.get_by_role("region", name="Predictions")
    expect(answer.get_by_role("row")).to_have_count(2)
    expect(answer).to_contain_text("probability_True")

    tenure.fill("many")
    form.get_by_role("button", name="Predict").click()
    expect(model.get_by_role("alert")).to_contain_text("tenure takes a number, not “many”")
    tenure.fill("3")
    form.get_by_role("tab", name="CSV").click()
    rows = form.get_by_label("Rows as CSV")
    rows.fill(f"{rows.input_value()}{rows.input_value().splitlines()[1]}\n")
    form.get_by_role("button", name="Predict").click()
    expect(answer).to_contain_text("2 predictions")
    form.get_by_role("tab", name="JSON").click()
    form.get_by_label("Rows as JSON").fill("tenure: 3")
    form.get_by_role("button", name="Predict").click()
    expect(model.get_by_role("alert")).to_contain_text("This is no JSON")

    model.get_by_role("button", name="Deploy version 1").click()
    expect(model.locator(".jp-AutoML-badge")).to_have_text("Version 1")
    told = ask(panel_lab, "GET", "api/v1/automl/models/default-churn")
    assert told["jobId"].removeprefix("aml_") == oldest.replace("-", "")
    model.get_by_role("button", name="Undeploy…").click()
    page.get_by_role("dialog").get_by_role("button", name="Undeploy").click()
    expect(model).to_have_count(0)


def test_a_key_is_made_shown_once_and_revoked(page: Page, panel_lab: Lab) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('automl:show-keys')")
    form = page.get_by_role("form", name="New key")
    form.get_by_role("button", name="Make Key").click()
    expect(form.get_by_role("alert")).to_be_visible()  # it has no name
    form.get_by_label("Name").fill("مفتاح <b>")
    form.get_by_role("button", name="Make Key").click()
    key = page.locator(".jp-AutoML-newKey pre").inner_text()
    assert not serious_violations(page)
    assert _status(panel_lab, key) == 200
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_text(key)).to_have_count(0)
    row = page.get_by_role("row", name="مفتاح <b>")
    expect(row).to_contain_text("read")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("Revoked")
    assert _status(panel_lab, key) == 401


def _versions(lab: Lab) -> list[str]:
    found = ask(lab, "GET", "api/automl/train/jobs?details=1&registered_model_name=default-churn")
    return [job["job_id"] for job in found["jobs"]]


def _status(lab: Lab, key: str) -> int:
    """Return what a program with this key is answered."""
    url = f"{lab.url}api/v1/automl/stats"
    try:
        asked = urllib.request.Request(url, headers={"X-API-Key": key})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
            json.load(answer)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
