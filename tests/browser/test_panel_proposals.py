"""Proposals of training tables in JupyterLab: asked for, reviewed, made, retried."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.jupyterlab import PATIENCE, Lab
from tests.browser.test_panel import AXE, ask, opened
from tests.browser.test_panel_create import saved_workspace

expect.set_options(timeout=PATIENCE)

API = "api/automl/feature-engineering"


@pytest.fixture(scope="module")
def shop(lab: Lab) -> Lab:
    """A JupyterLab whose folder holds a shop's people and orders."""
    write_shop(lab.folder)
    return lab


def write_shop(folder: Path) -> None:
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["person_id", "plan", "churned"])
        writer.writerows([n, "abc"[n % 3], "yes" if n % 5 < 2 else "no"] for n in range(1, 181))
    with (folder / "orders.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "person_id", "ordered_at", "amount"])
        writer.writerows(
            [n, 1 + n % 180, f"2024-05-{1 + n * 7 % 28:02}", n % 11 + 4 * (n % 180 % 3)]
            for n in range(900)
        )


@pytest.fixture
def page(chromium: Browser, shop: Lab) -> Iterator[Page]:
    with opened(chromium, shop) as shown:
        shown.get_by_role("tab", name="Proposals").click()
        yield shown


def propose(lab: Lab, name: str, **fields: Any) -> str:
    """Ask the crew for a table and return the job's id."""
    asked = {
        "target_table_name": name,
        "source_tables": ["people.csv", "orders.csv"],
        "entity_grain": ["person_id"],
        "label": {"name": "churned", "column": "churned", "positive_class_value": "yes"},
        "cutoff": "2024-06-01T00:00:00",
        "max_features": 6,
        **fields,
    }
    return str(ask(lab, "POST", API, asked)["job_id"])


def details(lab: Lab, job: str) -> dict[str, Any]:
    record: dict[str, Any] = ask(lab, "GET", f"{API}/jobs/{job}/details")
    return record


def row(page: Page, name: str) -> Locator:
    return page.locator(f'.jp-AutoML-proposal[data-proposal-name="{name}"] .jp-AutoML-jobOpen')


def tab(page: Page, name: str) -> Locator:
    """Return the page of a proposal."""
    return page.locator(f'.jp-MainAreaWidget[data-proposal-name="{name}"]')


@pytest.mark.timeout(600)  # the crew works three times in it, on a machine that may be busy
def test_a_proposal_is_reviewed_edited_made_and_trained_on(
    page: Page, shop: Lab, until: Callable[..., Any]
) -> None:
    job = propose(shop, "to_review")
    expect(page.get_by_role("button", name="1 training table under way")).to_be_visible()
    expect(row(page, "to_review")).to_be_visible()  # nobody has reloaded anything
    told = page.get_by_role("alert").filter(has_text="to_review is proposed")
    told.get_by_role("button", name="Review").click()
    shown = tab(page, "to_review")
    first, second, *_ = [one["name"] for one in details(shop, job)["recipe"]["features"]]
    expect(shown.get_by_role("textbox", name=f"Name of {first}")).to_have_value(first)

    # What cannot be is said at once, beside the name.
    shown.get_by_role("textbox", name=f"Name of {first}").fill(second)
    expect(shown.locator(f'[data-feature="{first}"]').get_by_role("alert")).to_contain_text("twice")
    expect(shown.get_by_role("button", name="Approve…")).to_be_disabled()
    shown.get_by_role("textbox", name=f"Name of {first}").fill("best_of_all")
    shown.get_by_role("checkbox", name=f"Keep {second}").uncheck()

    # What the server refuses stands at its field, and the edits stay.
    label = shown.get_by_role("region", name="Label")
    label.get_by_label("Column").fill("plan")
    label.get_by_label("Positive class value").fill("")
    shown.get_by_role("button", name="Check and Keep Edits").click()
    expect(label.get_by_role("alert")).to_contain_text("binary and has 3")
    label.get_by_label("Positive class value").fill("yes")
    label.get_by_label("Column").fill("churned")
    shown.get_by_role("textbox", name="Notes").fill("seen by ada")

    # A reload brings the tab back as it was left.
    until(lambda: saved_workspace(page), lambda saved: "seen by ada" in saved)
    page.goto(f"{shop.url}lab")
    expect(shown.get_by_role("textbox", name=f"Name of {first}")).to_have_value("best_of_all")
    expect(shown.get_by_role("checkbox", name=f"Keep {second}")).not_to_be_checked()
    assert details(shop, job)["recipe"]["notes"] != "seen by ada"

    shown.get_by_role("button", name="Check and Keep Edits").click()
    expect(shown.get_by_role("textbox", name="Name of best_of_all")).to_be_visible()
    expect(shown.get_by_role("button", name="Check and Keep Edits")).to_be_disabled()
    shown.get_by_role("tab", name="SQL").click()
    expect(shown.locator(".cm-content")).to_contain_text("best_of_all")
    expect(shown.locator(".cm-line span[class*='ͼ']").nth(5)).to_be_attached()  # it knows SQL
    assert second not in {one["name"] for one in details(shop, job)["recipe"]["features"]}

    shown.get_by_role("tab", name="Review").click()
    shown.get_by_role("textbox", name="Name of best_of_all").fill("best")
    shown.get_by_role("button", name="Approve…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 renamed")
    dialog.get_by_label("Then train a model on it").check()
    dialog.get_by_label("Preset").select_option("fast")
    dialog.get_by_label("Time limit").fill("-3")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.locator('[data-field="time_limit"]').get_by_role("alert")).to_be_visible()
    assert details(shop, job)["status"] == "pending_approval"
    dialog.get_by_label("Time limit").fill("20")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog).to_have_count(0)
    expect(shown.locator(".jp-AutoML-badge")).to_have_text("Complete")
    shown.get_by_role("tab", name="Specification").click()
    expect(shown.locator(".jp-AutoML-timeline strong")).to_have_text(
        ["Being designed", "To be reviewed", "To be reviewed", "Approved", "Being made", "Complete"]
    )
    shown.get_by_role("tab", name="Log").click()
    expect(shown.get_by_role("log")).to_contain_text("Created the training job")
    made = details(shop, job)
    assert made["training_rows"] == 180
    assert "best" in {one["name"] for one in made["recipe"]["features"]}
    shown.get_by_role("button", name="Open Training Job").click()
    opened_job = page.locator(f'.jp-MainAreaWidget[data-job-id="{made["training_job_id"]}"]')
    expect(opened_job).to_contain_text("to_review")


def test_a_failed_one_is_retried_and_deleted(page: Page, shop: Lab) -> None:
    job = propose(shop, "to_retry", label={"name": "plan", "column": "plan"})
    failed = row(page, "to_retry").filter(has_text="binary and has 3")
    failed.click()
    shown = tab(page, "to_retry")
    expect(shown.get_by_role("alert")).to_contain_text("binary and has 3")
    shown.get_by_role("button", name="Retry").click()
    expect(shown.get_by_role("log")).to_contain_text("Retried by")
    expect(shown.locator(".jp-AutoML-badge")).to_have_text("Failed")
    assert details(shop, job)["attempt"] == 2
    shown.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    shown.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(shown).to_contain_text("This proposal is gone")
    expect(row(page, "to_retry")).to_have_count(0)


def test_several_files_are_proposed_from_by_their_menu_and_the_keyboard_does_the_rest(
    page: Page, shop: Lab, until: Callable[..., Any]
) -> None:
    page.locator('.jp-SideBar [data-id="filebrowser"]').click()
    page.locator(".jp-DirListing-item", has_text="people.csv").click()
    orders = page.locator(".jp-DirListing-item", has_text="orders.csv")
    orders.click(modifiers=["Control"])
    orders.click(button="right")
    page.get_by_role("menuitem", name="Propose a Training Table from These Files…").click()
    form = page.get_by_role("form", name="New training table")
    tables = form.get_by_label("Source tables")
    until(tables.input_value, lambda text: set(text.split()) == {"people.csv", "orders.csv"})
    expect(form.get_by_role("list", name="Their columns")).to_contain_text("person_id")
    grain = form.get_by_role("listbox", name="Entity grain")
    grain.select_option("person_id")
    form.get_by_role("button", name="Propose").focus()
    page.keyboard.press("Enter")
    expect(form.locator('[data-field="target_table_name"]').get_by_role("alert")).to_be_visible()
    form.get_by_label("Target table name").focus()
    page.keyboard.type("by_hand")
    form.get_by_label("Column", exact=True).focus()
    page.keyboard.type("churnd")
    form.get_by_label("Cutoff").fill("2024-06-01T00:00")
    form.get_by_role("button", name="Propose").focus()
    page.keyboard.press("Enter")
    expect(form.get_by_role("group", name="Label").get_by_role("alert")).to_contain_text("churned")
    form.get_by_label("Column", exact=True).fill("churned")
    form.get_by_label("Column", exact=True).press("Enter")
    expect(form).to_have_count(0)

    shown = tab(page, "by_hand")
    approve = shown.get_by_role("button", name="Approve…")
    expect(approve).to_be_enabled()
    name = shown.locator("[data-feature] input.jp-mod-styled").first
    called = name.input_value()
    name.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("other")
    page.keyboard.press("Escape")  # as proposed again
    expect(name).to_have_value(called)
    shown.get_by_role("button", name="Name", exact=True).focus()
    page.keyboard.press("Enter")
    expect(shown.get_by_role("columnheader", name="Name")).to_have_attribute(
        "aria-sort", "ascending"
    )
    approve.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("as proposed")
    expect(dialog.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(shown.locator(".jp-AutoML-badge")).to_have_text("Complete")
    expect(shown.get_by_role("button", name="Train a Model…")).to_be_visible()
    assert not serious_violations(page)


def test_the_list_is_searched_and_axe_finds_nothing_serious(page: Page, shop: Lab) -> None:
    job = propose(shop, "to_look_at")
    expect(row(page, "to_look_at")).to_contain_text("To be reviewed")
    page.get_by_role("searchbox", name="Search proposals").fill("nothing like it")
    expect(page.get_by_text("No proposal is like that")).to_be_visible()
    page.get_by_role("button", name="Show all proposals").click()
    row(page, "to_look_at").click()
    shown = tab(page, "to_look_at")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
        )
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        for view in ("SQL", "Specification", "Log", "Review"):
            shown.get_by_role("tab", name=view).click()
            assert not serious_violations(page)
    ask(shop, "DELETE", f"{API}/jobs/{job}")
    expect(row(page, "to_look_at")).to_have_count(0)


def serious_violations(page: Page) -> list[str]:
    """Return what axe finds wrong with our views, in the page as it stands."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run('.jp-AutoML')")
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
