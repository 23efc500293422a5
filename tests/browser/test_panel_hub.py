"""The side panel behind JupyterHub, signed in by its cookies."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.hub import running_hub
from tests.browser.jupyterlab import PATIENCE
from tests.conftest import write_churn

expect.set_options(timeout=PATIENCE)


def test_a_job_is_created_and_watched_behind_a_hub(chromium: Browser, tmp_path: Path) -> None:
    with running_hub(tmp_path / "hub", home=tmp_path / "automl") as hub:
        write_churn(hub.folder / "churn.csv", rows=200)
        context = chromium.new_context(viewport={"width": 1300, "height": 950})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{hub.url}hub/login?next=/hub/spawn")
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill(hub.password)
        page.get_by_role("button", name="Sign in").click()
        page.locator('.jp-SideBar [data-id="automl-jobs"]').click()
        assert page.url.startswith(f"{hub.url}user/ada/lab")
        page.get_by_role("button", name="Train a model", exact=True).click()
        form = page.get_by_role("form", name="New training job")
        form.get_by_label("Source table").fill("churn.csv")
        form.get_by_role("button", name="churned").click()
        form.get_by_label("Preset").select_option("fast")
        form.get_by_label("Name", exact=True).fill("behind a hub")
        form.get_by_text("More", exact=True).click()
        form.get_by_label("Max trials").fill("1")
        form.get_by_role("button", name="Create").click()
        expect(page.get_by_role("heading", name="behind a hub")).to_be_visible()
        badge = page.locator(".jp-AutoML-page .jp-AutoML-badge")
        expect(badge).to_have_text("Complete", timeout=2 * PATIENCE)  # told over the hub's proxy
        expect(page.get_by_text("Connecting to the server")).to_have_count(0)
        context.close()
