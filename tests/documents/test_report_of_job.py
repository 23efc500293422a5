"""The report: whole, escaped, and without a request to anywhere."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import Conflict
from automl_magics.documents.report import report_of

sys.path.insert(0, str(Path(__file__).parent))
from rows_to_learn import ALL, BINARY, HOSTILE, REGRESSION, Trained, trained


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    folder = tmp_path_factory.mktemp("jobs")
    return {
        "binary": trained(folder, "binary", BINARY, families=["linear"], columns=ALL),
        "regression": trained(folder, "regression", REGRESSION, families=["linear"]),
    }


def test_it_tells_what_a_finished_job_found(jobs: dict[str, Trained]) -> None:
    job = jobs["binary"].job
    page = Page(report_of(job))
    assert job.result is not None
    assert job.result.test_score is not None
    for told in (
        *("Summary", "Leaderboard", "Where the time went", "What was asked for", "Load the model"),
        *("Confusion matrix", "ROC", "Calibration"),
        *(row.candidate for row in job.result.leaderboard),
        *(entry.item for entry in job.result.ledger),
        *job.result.feature_columns,
        *job.result.warnings,
        f"{job.result.test_score:.4f}",
        'mlflow.pyfunc.load_model("models:/default-it\'s/1")',
    ):
        assert " ".join(told.split()) in " ".join(page.text.split())
    assert sum(tag == "svg" for tag, _ in page.tags) >= 5


def test_a_regression_shows_its_residuals(jobs: dict[str, Trained]) -> None:
    text = report_of(jobs["regression"].job)
    assert "esiduals" in text
    assert "Confusion" not in text


@pytest.mark.parametrize("name", ["binary", "regression"])
def test_nothing_is_loaded_and_nothing_gets_out_of_its_place(
    name: str, jobs: dict[str, Trained]
) -> None:
    text = report_of(jobs[name].job)
    page = Page(text)
    loads = {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "img", "object", "embed", "base")
        for attribute in loads & attributes.keys():
            assert (attributes[attribute] or "").startswith("#")
        assert not any(attribute.startswith("on") for attribute in attributes)
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "url(http" not in text
    assert "@import" not in text
    assert HOSTILE not in text
    assert "<b>ü" not in text
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; "
                     "style-src 'unsafe-inline'; img-src data:"}) in page.tags  # fmt: skip


def test_it_can_be_read_by_a_screen_reader(jobs: dict[str, Trained]) -> None:
    page = Page(report_of(jobs["binary"].job))
    ids = {attributes.get("id") for _, attributes in page.tags}
    for tag, attributes in page.tags:
        if tag == "section":
            assert attributes["aria-labelledby"] in ids
        if tag == "figure":
            assert attributes["aria-label"]
        if tag == "html":
            assert attributes["lang"] == "en"
        if tag == "th":
            assert attributes["scope"] in ("col", "row")


def test_a_job_without_a_model_has_none(jobs: dict[str, Trained]) -> None:
    job = jobs["binary"].job
    queued = job.model_copy(update={"status": JobStatus.QUEUED, "result": None})
    with pytest.raises(Conflict, match="queued"):
        report_of(queued)
