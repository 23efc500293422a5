"""The side panel: jobs as a person sees them, on a server below a base URL."""

import json
import logging
import os
import re
import shutil
import signal
import statistics
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, select

from automl_magics.contracts.enums import JobStatus
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.store.tables import TRAINING_JOBS
from tests.browser.jupyterlab import BELOW_BASE_URL, PATIENCE, Lab, running_lab
from tests.conftest import write_churn

FINISHED = "churn"
AXE = Path(__file__).parents[2] / "widgets/labextension/node_modules/axe-core/axe.min.js"

expect.set_options(timeout=PATIENCE)


def ask(lab: Lab, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the server over HTTP, as anybody can."""
    request = urllib.request.Request(  # noqa: S310
        lab.url + path,
        method=verb,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {lab.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.loads(answer.read() or "null")


def train(lab: Lab, name: str, **fields: Any) -> str:
    """Create a job and return its id."""
    asked = {"source_table": "churn.csv", "label_column": "churned", "preset": "fast", **fields}
    return str(ask(lab, "POST", "api/automl/train", {"name": name, **asked})["job_id"])


@contextmanager
def opened(chromium: Browser, lab: Lab, *, reset: bool = True) -> Iterator[Page]:
    """Open JupyterLab with the panel in sight, and nothing to come that takes the focus away."""
    context = chromium.new_context(viewport={"width": 1300, "height": 850})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{lab.url}lab?token={lab.token}{'&reset' if reset else ''}")
    if reset:
        # An empty workspace gets a launcher once all is loaded, which takes the focus for itself.
        expect(page.locator(".jp-Launcher")).to_be_focused()
    page.locator('.jp-SideBar [data-id="automl-jobs"]').click()
    try:
        yield page
    finally:
        context.close()


@pytest.fixture
def page(chromium: Browser, panel_lab: Lab) -> Iterator[Page]:
    with opened(chromium, panel_lab) as shown:
        yield shown


ROW = '.jp-AutoML-job[data-job-name="{}"]'


def row(page: Page, name: str):
    return page.locator(ROW.format(name)).first


def section(page: Page, title: str):
    return page.get_by_role("region", name="AutoML jobs").get_by_role(
        "region", name=title, exact=True
    )


def test_a_job_is_watched_to_its_end_and_deployed(page, panel_lab):
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    expect(section(page, "Finished")).to_be_visible()
    train(panel_lab, "watched", max_trials=2)
    expect(section(page, "Running").locator(ROW.format("watched"))).to_be_visible()
    expect(page.get_by_role("button", name="1 AutoML job under way")).to_be_visible()
    ended = section(page, "Finished").locator(ROW.format("watched"))
    expect(ended).to_contain_text("Complete", timeout=2 * PATIENCE)
    expect(row(page, "watched").locator(".jp-AutoML-sparkline")).to_be_visible()
    page.get_by_role("alert").get_by_role("button", name="Open").click()  # the notification's
    expect(page.get_by_role("heading", name="watched")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("Candidate")
    expect(page.locator(".jp-AutoML-chart svg").first).to_be_visible()
    page.get_by_role("tab", name="Log").click()
    expect(page.get_by_role("log")).to_contain_text("info")
    page.get_by_role("tab", name="Specification").click()
    expect(page.get_by_text("source table")).to_be_visible()
    page.get_by_role("tab", name="Airflow DAG").click()
    expect(page.locator(".jp-AutoML-dag .cm-content")).to_contain_text("import")
    page.get_by_role("button", name="Deploy Model").click()
    expect(page.get_by_text("watched is deployed as")).to_be_visible()
    host = urlsplit(panel_lab.url).netloc
    assert {urlsplit(one).netloc for one in asked if one.startswith(("http", "ws"))} <= {host}


def test_the_log_is_filtered_and_the_run_has_a_link(chromium, panel_lab):
    with mlflow_pages(panel_lab, "https://mlflow.example/"), opened(chromium, panel_lab) as page:
        row(page, FINISHED).locator(".jp-AutoML-jobOpen").click()
        page.get_by_role("tab", name="Log").click()
        log = page.get_by_role("log")
        levels = page.get_by_role("combobox", name="Show", exact=True)
        levels.select_option("debug")
        expect(log.locator(".jp-mod-info").first).to_be_visible()
        levels.select_option("error")
        expect(log.locator(".jp-mod-info")).to_have_count(0)
        expect(page.get_by_text("No line is like that")).to_be_visible()
        levels.select_option("info")
        page.get_by_role("searchbox", name="Lines that hold").fill("created by")
        expect(log.locator("> div")).to_have_count(1)
        page.get_by_role("tab", name="Specification").click()
        run = page.get_by_role("link", name=re.compile("^[0-9a-f]{32}$"))
        expect(run).to_have_attribute("href", f"https://mlflow.example/#/runs/{run.inner_text()}")
    with opened(chromium, panel_lab) as page:  # without the setting: how to open it
        row(page, FINISHED).locator(".jp-AutoML-jobOpen").click()
        page.get_by_role("tab", name="Specification").click()
        page.get_by_text("How to open the run in MLflow").click()
        expect(page.locator(".jp-AutoML-copied pre")).to_contain_text("mlflow ui")


@contextmanager
def mlflow_pages(lab: Lab, url: str) -> Iterator[None]:
    """Set in JupyterLab's settings where MLflow's pages are."""
    path = "lab/api/settings/automl-magics:plugin"
    ask(lab, "PUT", path, {"raw": json.dumps({"mlflowUrl": url})})
    try:
        yield
    finally:
        ask(lab, "PUT", path, {"raw": "{}"})


def test_stopping_and_deleting_ask_first(page, panel_lab):
    job = train(panel_lab, "long", preset="best_quality", time_limit=3000)
    row(page, "long").locator(".jp-AutoML-jobOpen").click()
    expect(page.get_by_role("heading", name="long")).to_be_visible()
    page.get_by_role("button", name="Stop Job…").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Stop Job…").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.locator(".jp-AutoML-badge")).to_have_text("Stopped")
    expect(section(page, "Finished").locator(ROW.format("long"))).to_be_visible()
    assert ask(panel_lab, "GET", f"api/automl/train/jobs/{job}/details")["status"] == "stopped"
    page.get_by_role("button", name="Delete Job…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("This job is gone")).to_be_visible()
    expect(row(page, "long")).to_have_count(0)


def test_a_refusal_is_told_in_the_servers_words(page, panel_lab):
    job = train(panel_lab, "ready", auto_trigger=False)
    row(page, "ready").wait_for()
    page.evaluate(
        "id => window.jupyterapp.commands.execute('automl:deploy-job', {id, name: 'ready'})", job
    )
    expect(page.get_by_role("alert")).to_contain_text("ready")
    ask(panel_lab, "DELETE", f"api/automl/train/jobs/{job}")
    expect(row(page, "ready")).to_have_count(0)


WORKSPACE = """async () => JSON.stringify(
    await window.jupyterapp.serviceManager.workspaces.fetch('default')
)"""


def test_open_tabs_return_after_a_reload(page, until):
    row(page, FINISHED).locator(".jp-AutoML-jobOpen").click()
    expect(page.get_by_role("heading", name=FINISHED)).to_be_visible()
    until(lambda: page.evaluate(WORKSPACE), lambda kept: "automl-jobs:" in kept)
    page.goto(page.url.partition("?")[0])
    expect(page.get_by_role("heading", name=FINISHED)).to_be_visible()
    expect(row(page, FINISHED)).to_be_visible()


def test_jobs_are_searched_filtered_and_done_by_keyboard(page, panel_lab):
    train(panel_lab, "by hand", auto_trigger=False)
    search = page.get_by_role("searchbox", name="Search jobs")
    expect(row(page, FINISHED)).to_be_visible()
    search.focus()
    page.keyboard.type("by hand")
    expect(row(page, FINISHED)).to_have_count(0)
    page.keyboard.press("Tab")
    states = page.get_by_role("combobox", name="Show jobs that are")
    expect(states).to_be_focused()
    # F chooses Failed; a word typed slowly would be taken letter by letter
    page.keyboard.press("F", delay=50)
    expect(states).to_have_value("failed")
    expect(page.get_by_text("No job is like that")).to_be_visible()
    page.get_by_role("button", name="Show all jobs").focus()
    page.keyboard.press("Enter")
    row(page, "by hand").locator(".jp-AutoML-jobOpen").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="by hand")).to_be_visible()
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Log")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator(".jp-AutoML-dag .cm-content")).to_contain_text("import")
    page.get_by_role("button", name="Delete Job…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(row(page, "by hand")).to_have_count(0)


@pytest.mark.parametrize(
    "theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
)
def test_axe_finds_nothing_serious(page, theme):
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(section(page, "Finished")).to_contain_text("Complete")
    row(page, FINISHED).locator(".jp-AutoML-jobOpen").click()
    expect(page.get_by_role("heading", name="Leaderboard")).to_be_visible()
    page.add_script_tag(path=AXE)
    for tab in ("Overview", "Log", "Specification"):
        page.get_by_role("tab", name=tab).click()
        found = page.evaluate("() => axe.run('.jp-AutoML')")
        serious = [
            (one["id"], [node["html"] for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]
        assert not serious


def test_the_panel_says_that_the_extension_is_missing(chromium, tmp_path):
    with (
        running_lab(tmp_path / "lab", home=tmp_path / "automl", extension=False) as lab,
        opened(chromium, lab) as page,
    ):
        expect(page.get_by_text("The AutoML server extension is missing")).to_be_visible()
        expect(page.get_by_text("pip install automl-magics")).to_be_visible()


def test_the_panel_says_that_the_extension_is_older(chromium, panel_lab):
    context = chromium.new_context()
    context.route("**/api/automl/version", lambda route: route.fulfill(json={"version": "0.0.9"}))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{panel_lab.url}lab?token={panel_lab.token}&reset")
    page.locator('.jp-SideBar [data-id="automl-jobs"]').click()
    expect(page.get_by_text("The server runs automl-magics 0.0.9, this panel is")).to_be_visible()
    expect(page.get_by_text("Upgrade the server and restart it.")).to_be_visible()
    expect(row(page, FINISHED)).to_be_visible()  # what it can show, it shows
    context.close()


def test_an_empty_panel_says_what_to_do_and_recovers_when_the_server_is_killed(chromium, tmp_path):
    place, home = tmp_path / "lab", tmp_path / "automl"
    with running_lab(place, home=home, more=BELOW_BASE_URL) as lab, opened(chromium, lab) as page:
        expect(page.get_by_text("No jobs yet")).to_be_visible()
        expect(page.get_by_text("%automl train data.csv --label COLUMN")).to_be_visible()
        (runtime,) = (place / "runtime").glob("jpserver-*.json")
        os.kill(json.loads(runtime.read_text())["pid"], signal.SIGKILL)
        runtime.unlink()
        expect(page.get_by_text("Connecting to the server")).to_be_visible()
        port = urlsplit(lab.url).port
        with running_lab(place, home=home, more=BELOW_BASE_URL, port=port) as again:
            expect(page.get_by_text("Connecting to the server")).to_be_hidden()
            write_churn(again.folder / "churn.csv", rows=100)
            train(again, "after", auto_trigger=False)
            expect(row(page, "after")).to_be_visible()


def store_copies(home: Path, number: int) -> None:
    """Store so many more jobs, which are over."""
    store = Store.open(Settings(home=home))
    with store.jobs._database.write() as connection:
        first = dict(connection.execute(select(TRAINING_JOBS).limit(1)).mappings().one())
        begin = datetime.now(UTC) - timedelta(days=365)
        values = [
            {
                **first,
                "job_id": uuid4(),
                "name": f"stored {place}",
                "status": JobStatus.COMPLETE,
                "created_at": begin + timedelta(minutes=place),
            }
            for place in range(number)
        ]
        connection.execute(insert(TRAINING_JOBS), values)
    store.close()


WATCH_FRAMES = """() => {
    window.longestFrame = 0;
    let last = performance.now();
    const watch = now => {
        window.longestFrame = Math.max(window.longestFrame, now - last);
        last = now;
        requestAnimationFrame(watch);
    };
    requestAnimationFrame(watch);
}"""


def test_ten_thousand_jobs_are_paged_and_searched_by_the_server(chromium, finished_home, tmp_path):
    """``--log-cli-level=INFO`` shows what is measured; the limits allow for busy machines."""
    home = tmp_path / "automl"
    shutil.copytree(finished_home, home)
    store_copies(home, 10_000)
    with running_lab(tmp_path / "lab", home=home) as lab, opened(chromium, lab) as page:
        finished = section(page, "Finished")
        number = finished.get_by_label("Page of Finished")
        search = page.get_by_role("searchbox", name="Search jobs")
        expect(finished.locator(".jp-AutoML-count")).to_have_text("10003")
        page.evaluate(WATCH_FRAMES)
        paged, searched = [], []
        for wanted in range(2, 22):
            begin = time.monotonic()
            finished.get_by_role("button", name="Next page").click()
            expect(row(page, f"stored {10_002 - 25 * (wanted - 1)}")).to_be_visible()
            paged.append(time.monotonic() - begin)
            expect(number).to_have_value(str(wanted))
            page.mouse.wheel(0, 400)
        longest = page.evaluate("window.longestFrame") / 1000
        number.fill("400")
        number.press("Enter")
        expect(row(page, "stored 22")).to_be_visible()
        expect(page.locator(".jp-AutoML-job")).to_have_count(25 + 1)  # and the one that is ready
        number.fill("9999")
        number.press("Enter")
        expect(number).to_have_value("401")
        expect(row(page, "stored 0")).to_be_visible()
        for one in (1234, 4242, 7777):
            begin = time.monotonic()
            search.fill(f"stored {one}")
            expect(row(page, f"stored {one}")).to_be_visible()
            searched.append(time.monotonic() - begin)
        expect(page.locator(".jp-AutoML-job")).to_have_count(1)
        page.goto("about:blank")
        begin = time.monotonic()
        page.goto(f"{lab.url}lab")
        expect(row(page, "stored 9999")).to_be_visible()
        first = time.monotonic() - begin
    seconds = [statistics.median(paged), statistics.median(searched), first, longest]
    told = "page %.2f s, search %.2f s, opening JupyterLab %.2f s, longest frame %.3f s"
    logging.getLogger(__name__).info(told, *seconds)
    assert max(seconds[:2]) < 10
    assert longest < 2, "the browser stood still"
