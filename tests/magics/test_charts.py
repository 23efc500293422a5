"""Charts of results, drawn by the real Altair and the real Vega."""

import json

import altair as alt
import pytest

from automl_magics.contracts.training import TrainingResult
from automl_magics.displays.charts import bundle, charts_of, svg

HOSTILE = "<script>alert('x')</script>"
COMMON = {
    "algorithm": "lightgbm_classifier",
    "best_candidate": "lightgbm-r177",
    "validation_score": 0.9,
    "test_score": 0.9,
    "train_rows": 800,
    "validation_rows": 100,
    "test_rows": 100,
    "feature_columns": ["a"],
    "leaderboard": [],
    "ledger": [{"item": f"{HOSTILE} {number}", "seconds": number} for number in (0.001, 5, 3, 2.3)],
    "seconds": 12.3,
}
TWO_CLASSES = TrainingResult(
    problem_type="binary_classification",
    metric="roc_auc",
    higher_is_better=True,
    classes=["no", HOSTILE],
    permutation_importance={HOSTILE: 0.1, "plan": 0.02, "spend": -0.001},
    curves={
        "confusion": [[50, 10], [4, 36]],
        "roc": [[0, 0], [0.1, 0.7], [1, 1]],
        "precision_recall": [[0.2, 1], [1, 0.4]],
        "calibration": [[0.1, 0.05, 50], [0.8, 0.9, 50]],
        "incumbent": [[1, 0.8], [2, 0.9]],
    },
    **COMMON,
)
VALUES = TrainingResult(
    problem_type="regression",
    metric="rmse",
    higher_is_better=False,
    feature_importance={"a": 1.0},
    curves={"residuals": [[row / 7, row % 13] for row in range(400)]},
    **COMMON,
)
TEXTS = TWO_CLASSES.model_copy(
    update={
        "curves": {
            "terms": {
                HOSTILE: {
                    "no": [["awful", 2.0], [" awf", 1.5], ["so bad", 1.2], ["bad ", 1.1]],
                    HOSTILE: [[HOSTILE, 1.0], [" ok ", 0.5]],
                },
                "unsaid": {"no": [], HOSTILE: []},
            }
        }
    }
)
EVERY = {
    **{f"texts: {name}": chart for name, chart in charts_of(TEXTS).items()},
    **{f"two classes: {name}": chart for name, chart in charts_of(TWO_CLASSES).items()},
    **{f"values: {name}": chart for name, chart in charts_of(VALUES).items()},
}


def test_a_result_has_the_charts_of_its_problem():
    assert list(charts_of(TWO_CLASSES)) == [
        "Confusion matrix",
        "ROC",
        "Precision and recall",
        "Calibration",
        "Permutation importance",
        "Incumbent",
        "Seconds",
    ]
    assert list(charts_of(VALUES)) == [
        "Predicted and actual",
        "Residuals",
        "Feature importance",
        "Seconds",
    ]
    assert list(charts_of(TEXTS)) == [
        "Permutation importance",
        f"Telling n-grams of {HOSTILE}",
        "Seconds",
    ]
    bare = VALUES.model_copy(update={"curves": {}, "feature_importance": {}, "ledger": []})
    assert charts_of(bare) == {}


@pytest.mark.parametrize("name", EVERY)
def test_a_chart_is_valid_small_and_for_jupyterlab_4(name):
    specification = EVERY[name].to_dict()  # validates
    assert specification["$schema"].startswith("https://vega.github.io/schema/vega-lite/v5")
    assert len(json.dumps(specification)) < 20_000
    shown = bundle(EVERY[name], "in words")
    assert set(shown) == {"application/vnd.vegalite.v5+json", "text/plain"}


@pytest.mark.parametrize("name", EVERY)
def test_a_chart_is_drawn_in_the_page_s_colours_with_text_escaped(name):
    drawn = svg(EVERY[name])
    assert drawn.startswith("<svg")
    assert "currentColor" in drawn
    assert "<script" not in drawn
    assert 'fill="white"' not in drawn.partition(">")[2][:80]  # no background
    assert len(drawn) < 100_000


def test_the_confusion_matrix_shares_by_the_actual_class():
    chart = charts_of(TWO_CLASSES)["Confusion matrix"]
    shares = [value["share"] for value in _rows_with("share", chart)]
    assert shares == pytest.approx([50 / 60, 10 / 60, 0.1, 0.9])


def test_the_histogram_of_residuals_counts_every_row():
    bars = _rows_with("rows", charts_of(VALUES)["Residuals"])
    assert sum(bar["rows"] for bar in bars) == 400
    assert len(bars) <= 25


def test_short_items_of_the_ledger_are_one_bar():
    spent = _rows_with("item", charts_of(VALUES)["Seconds"])
    assert [round(bar["seconds"], 1) for bar in spent] == [5, 3, 2.3, 0]
    assert spent[-1]["item"] == "all else"


def test_n_grams_are_shown_once_and_for_their_class():
    drawn = charts_of(TEXTS)[f"Telling n-grams of {HOSTILE}"].to_dict()
    shown = [
        (part["title"]["text"], [row["n-gram"] for row in drawn["datasets"][part["data"]["name"]]])
        for part in drawn["concat"]
    ]
    assert shown == [("no", ["awful", "so bad"]), (HOSTILE, [HOSTILE, "_ok_"])]


def _rows_with(column: str, chart: alt.LayerChart) -> list[dict[str, float]]:
    datasets = chart.to_dict()["datasets"].values()
    return next(rows for rows in datasets if column in rows[0])
