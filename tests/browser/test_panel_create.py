"""The form of a new training job in JupyterLab, from a file's menu to the job's page."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.jupyterlab import PATIENCE, Lab
from tests.pictures import shapes

SHOWN = ".jp-AutoML-page:visible"
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
    expect(form.get_by_role("alert").first).to_contain_text("label_column is required")
    expect(form.get_by_label("Name", exact=True)).to_have_value("from the menu")

    # What is found, and what is wrong, is told as it is typed.
    form.get_by_role("button", name="churned").click()
    expect(form.get_by_label("Label column")).to_have_value("churned")
    expect(form.get_by_text("Detected: binary classification")).to_have_count(1)
    expect(form.get_by_text("since 'churned' has 2 different text values")).to_be_visible()
    form.get_by_label("Group column").select_option("churned")
    expect(form.locator('[data-field="group_column"]').get_by_role("alert")).to_be_visible()
    form.get_by_label("Max trials").fill("0")
    expect(form.locator('[data-field="max_trials"]').get_by_role("alert")).to_have_text(
        "A number > 0."
    )
    assert not serious_violations(page)
    form.get_by_label("Max trials").fill("2")
    form.get_by_label("Group column").select_option("")
    expect(form.get_by_role("alert")).to_have_count(0)
    form.get_by_text("The same as a cell").click()
    expect(form.locator("pre")).to_have_text(
        "%%automl train --label churned --preset fast --name 'from the menu' --max-trials 2\n"
        "churn.csv"
    )
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="from the menu")).to_be_visible()
    expect(form).to_have_count(0)
    expect(page.locator(".jp-AutoML-page .jp-AutoML-badge")).to_have_text("Complete")


def test_a_job_is_created_in_a_dialog_by_keyboard(page: Page, lab: Lab) -> None:
    expect(page.locator(".jp-Launcher")).to_be_focused()  # it takes the focus once all is loaded
    page.get_by_role("menuitem", name="AutoML").click()
    page.get_by_role("menuitem", name="New Training Job…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Source table")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.locator('[data-field="source_table"]').get_by_role("alert")).to_have_text(
        "This is needed."
    )
    page.keyboard.type("churn.csv")
    expect(dialog.locator("tbody tr")).to_have_count(5)
    dialog.get_by_label("Label column").select_option("churned")
    dialog.get_by_label("Name", exact=True).fill("from the dialog")
    dialog.get_by_text("More", exact=True).click()
    dialog.get_by_label("Auto trigger").uncheck()
    assert not serious_violations(page, ".jp-AutoML-dialog")
    dialog.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="from the dialog")).to_be_visible()
    expect(dialog).to_have_count(0)
    expect(page.locator(".jp-AutoML-page .jp-AutoML-badge")).to_have_text("Ready")
    page.get_by_role("button", name="Clone Job").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("from the dialog")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


@pytest.fixture
def kinds(lab: Lab) -> Iterator[None]:
    """Texts, and pictures one of which is not there, beside the server's other files."""
    words = ["parcel", "lamp", "chair", "blue", "box", "order", "red", "big"]
    notes = [
        f"{' '.join(words[(row + step) % 8] for step in range(3))} {row} was"
        f" {'late again' if row % 2 else 'here soon'},{'yes' if row % 2 else 'no'}"
        for row in range(40)
    ]
    (lab.folder / "notes.csv").write_text("\n".join(["note,late", *notes]))
    table = shapes(31).to_pydict()
    (lab.folder / "pictures").mkdir()
    for row, content in enumerate(table["picture"][:30]):
        (lab.folder / "pictures" / f"{row}.png").write_bytes(content)
    rows = [f"pictures/{row}.png,{row % 4},{shape}" for row, shape in enumerate(table["shape"])]
    (lab.folder / "shapes.csv").write_text("\n".join(["picture,size,shape", *rows]))
    yield
    for name in ("notes.csv", "shapes.csv"):
        (lab.folder / name).unlink()
    shutil.rmtree(lab.folder / "pictures")


def test_texts_and_pictures_are_learned_from_by_the_form(kinds: None, page: Page) -> None:
    form = opened(page, "notes.csv", label="late")
    expect(form.get_by_text("Text, since 'note' holds texts.")).to_be_visible()
    assert "linear-counts" in trained(page, form, "notes", "text")
    form = opened(page, "shapes.csv", label="shape")
    expect(form.get_by_text("Multimodal, since 'picture' holds images")).to_be_visible()
    form.get_by_label("Predictor type").select_option("image")
    expect(form.get_by_role("alert")).to_have_count(0)
    trained(page, form, "shapes", "image")
    expect(page.get_by_text("1 row is left out, whose 'picture' cannot be read")).to_be_visible()


def opened(page: Page, file: str, *, label: str) -> Locator:
    """Open the form of a file from its menu, and pick the label."""
    page.locator(".jp-DirListing-item", has_text=file).click(button="right")
    page.get_by_role("menuitem", name="Train a Model from This File…").click()
    form = page.get_by_role("form", name="New training job")
    form.get_by_role("button", name=label, exact=True).click()
    form.get_by_text("More", exact=True).click()
    return form


def trained(page: Page, form: Locator, name: str, kind: str) -> str:
    """Create the form's job, wait for its end, and return its leaderboard."""
    form.get_by_label("Name", exact=True).fill(name)
    form.get_by_label("Max trials").fill("1")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator(f"{SHOWN} .jp-AutoML-badge")).to_have_text("Complete")
    page.get_by_role("tab", name="Specification").click()
    asked = page.locator(f"{SHOWN} .jp-AutoML-facts > div", has_text="predictor type")
    expect(asked.locator("dd")).to_have_text(kind)
    page.get_by_role("tab", name="Overview").click()
    return page.get_by_role("table").inner_text()


def serious_violations(page: Page, within: str = ".jp-AutoML-page") -> list[str]:
    """Return what axe finds wrong with our views, in the page as it stands."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("within => axe.run(within)", within)
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


def saved_workspace(page: Page) -> str:
    """Return what JupyterLab would restore after a reload."""
    fetched = "window.jupyterapp.serviceManager.workspaces.fetch('default')"
    return str(page.evaluate(f"async () => JSON.stringify(await {fetched})"))
