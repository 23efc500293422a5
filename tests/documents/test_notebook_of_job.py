"""Generated notebooks, run in a process of their own, arrive at the job's score and predictions."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pyarrow as pa
import pytest

from automl_magics.contracts.enums import AutoMLAlgorithm, JobStatus, PredictorType, Preset
from automl_magics.contracts.errors import Conflict
from automl_magics.documents.notebook import notebook_of
from automl_magics.training import engine

sys.path.insert(0, str(Path(__file__).parent))
from rows_to_learn import (
    ALL,
    ANOMALIES,
    BANDIT,
    BINARY,
    FORECAST,
    HOSTILE,
    MULTICLASS,
    PLAIN,
    RANKING,
    REGRESSION,
    Trained,
    trained,
)

RUNNER = Path(__file__).with_name("cells_of_notebooks.py")
TEXTS = {"columns": ("note",), "predictor_type": PredictorType.TEXT}
FAST = {"preset": Preset.FAST}
LOG = {"action_column": "action", "reward_column": "reward", "probability_column": "chance"}

CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "lightgbm": (BINARY, {"families": ["lightgbm"], "max_trials": 3, **FAST}),
    "lightgbm-rmsle": (
        REGRESSION,
        {"families": ["lightgbm"], "max_trials": 1, "metric": "rmsle", "columns": ALL, **FAST},
    ),
    "xgboost": (MULTICLASS, {"families": ["xgboost"], "max_trials": 1, **FAST}),
    "xgboost-mape": (
        REGRESSION,
        {"families": ["xgboost"], "max_trials": 1, "metric": "mape", **FAST},
    ),
    "extra-trees": (MULTICLASS, {"families": ["extra_trees"], "max_trials": 1}),
    "random-forest": (REGRESSION, {"families": ["random_forest"], "max_trials": 1, **FAST}),
    "linear": (BINARY, {"families": ["linear"], "max_trials": 1, "columns": ALL}),
    "linear-pieces": (
        REGRESSION,
        {"families": ["linear"], "max_trials": 2, "metric": "quantile:0.9", "count": 320, **FAST},
    ),
    "neural": (MULTICLASS, {"families": ["neural"], "max_trials": 1, "count": 320, **FAST}),
    "neural-values": (REGRESSION, {"families": ["neural"], "max_trials": 1, "count": 320, **FAST}),
    "neighbors": (REGRESSION, {"families": ["nearest"], "max_trials": 2, "metric": "mae"}),
    "vw": (MULTICLASS, {"families": ["vw"], "max_trials": 2, "columns": ALL, **FAST}),
    "vw-binary": (BINARY, {"families": ["vw"], "max_trials": 1, **FAST}),
    "ensemble": (
        BINARY,
        {"families": ["lightgbm", "linear", "extra", "nearest"], "max_trials": 4, "metric": "f1",
         "columns": ALL, "weight_column": "weight"},
    ),
    "texts": (BINARY, {"families": ["linear"], "max_trials": 2, "count": 320, **TEXTS}),
    "texts-ensemble": (
        MULTICLASS,
        {"families": ["linear", "lightgbm"], "max_trials": 3, "columns": ALL, "count": 320,
         "weight_column": "weight", **FAST, "predictor_type": PredictorType.MULTIMODAL},
    ),
    "texts-values": (
        REGRESSION,
        {"families": ["linear", "extra"], "max_trials": 2, "columns": (*PLAIN, "note"),
         "metric": "r2", "predictor_type": PredictorType.MULTIMODAL},
    ),
    "pictures": (
        BINARY,
        {"families": ["linear", "lightgbm"], "max_trials": 2, "count": 200,
         "columns": ("picture",), "predictor_type": PredictorType.IMAGE, **FAST},
    ),
    "pictures-beside": (
        REGRESSION,
        {"families": ["linear"], "max_trials": 2, "count": 200,
         "columns": ("picture", "z", "note"), "predictor_type": PredictorType.MULTIMODAL, **FAST},
    ),
    "texts-vw": (
        MULTICLASS,
        {"families": ["vw"], "max_trials": 1, "columns": ("note", "x", "city"), "count": 320,
         **FAST, "predictor_type": PredictorType.MULTIMODAL},
    ),
    "groups": (
        MULTICLASS,
        {"families": ["linear", "extra"], "max_trials": 2, "group_column": "group"},
    ),
    "latest": (
        REGRESSION,
        {"families": ["lightgbm", "linear"], "max_trials": 3, "time_column": "day",
         "columns": (*ALL, "weight")},
    ),
    "latest-groups": (
        BINARY,
        {"families": ["linear"], "max_trials": 1, "time_column": "day", "group_column": "group"},
    ),
    "cut": (REGRESSION, {"families": ["lightgbm", "xgboost"], "seconds": 2.0, "count": 600}),
    "race": (MULTICLASS, {"families": ["lightgbm", "linear"], "seconds": 2.0, "count": 20_000}),
    "one-pass": (
        BINARY,
        {"algorithm": AutoMLAlgorithm.VW_CLASSIFIER, "columns": ALL, "weight_column": "weight",
         "count": 1200, "metric": "f1"},
    ),
    "one-pass-classes": (
        MULTICLASS,
        {"algorithm": AutoMLAlgorithm.VW_CLASSIFIER, "time_column": "day", "count": 1200},
    ),
    "one-pass-values": (
        REGRESSION,
        {"algorithm": AutoMLAlgorithm.VW_REGRESSOR, "columns": ALL, "count": 17_000},
    ),
    "ranking": (
        RANKING,
        {"families": ["lightgbm", "xgboost", "linear", "extra"], "max_trials": 5, "count": 400,
         "group_column": "group", "columns": ALL},
    ),
    "ranking-map": (
        RANKING,
        {"families": ["xgboost"], "max_trials": 1, "metric": "map", "group_column": "group",
         **FAST},
    ),
    "ranking-latest": (
        RANKING,
        {"families": ["lightgbm"], "max_trials": 1, "metric": "mrr", "group_column": "group",
         "time_column": "day"},
    ),
    "bandit": (BANDIT, {"label": None, "count": 600, "max_trials": 2, **LOG, "columns": ALL}),
    "bandit-costs": (
        BANDIT,
        {"label": None, "count": 600, "max_trials": 9, "metric": "snips", "time_column": "day",
         **LOG, "reward_column": None, "cost_column": "reward"},
    ),
    "bandit-short": (BANDIT, {"label": None, "count": 4000, "seconds": 1.0, **LOG}),
    "anomalies": (ANOMALIES, {"label": None, "count": 400, "columns": ALL}),
    "anomalies-seasons": (
        ANOMALIES,
        {"label": None, "count": 400, "columns": (*PLAIN, "load", "hour"), "time_column": "hour",
         "contamination": 0.05},
    ),
    "anomalies-labels": (
        ANOMALIES, {"families": ["isolation", "nearest", "tails"], "metric": "average_precision"}
    ),
    "anomalies-classifier": (
        ANOMALIES,
        {"families": ["isolation", "tails", "linear", "lightgbm", "extra"], "count": 400,
         "max_trials": 8, "columns": (*PLAIN, "load", "hour"), "time_column": "hour", **FAST},
    ),
    "forecast": (
        FORECAST,
        {"label": "load", "count": 300, "columns": ("one",), "time_column": "hour", "horizon": 12,
         "max_trials": 6, **FAST},
    ),
    "forecast-months": (
        FORECAST,
        {"label": "load", "count": 200, "columns": ("region", "x", "price"), "time_column": "month",
         "series_column": "region", "horizon": 4, "metric": "wape", "max_trials": 8},
    ),
    "forecast-numbered": (
        FORECAST,
        {"label": "z", "count": 160, "columns": ("one",), "time_column": "week",
         "series_column": "region", "horizon": 5, "metric": "rmsse"},
    ),
    "forecast-quantiles": (
        FORECAST,
        {"label": "sold", "count": 200, "columns": ("shop",), "time_column": "visit",
         "series_column": "shop", "horizon": 5, "metric": "wql", "max_trials": 3},
    ),
    "forecast-lags": (
        FORECAST,
        {"label": "load", "count": 300, "columns": ("x", "plan", "price"), "time_column": "hour",
         "horizon": 6, "families": ["lightgbm"], "max_trials": 2, **FAST},
    ),
    "anomalies-forest": (ANOMALIES, {"algorithm": AutoMLAlgorithm.ISOLATION_FOREST}),
}  # fmt: skip


def has_pictures(name: str) -> bool:
    """Tell the notebooks that need us, for one step."""
    return name.startswith("pictures")


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    folder = tmp_path_factory.mktemp("jobs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "ENOUGH_ROWS", 1_000)
        return {
            name: trained(folder, name, problem_type, **asked)
            for name, (problem_type, asked) in CASES.items()
        }


@pytest.fixture(scope="module")
def outcomes(
    jobs: dict[str, Trained], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("notebooks")
    for name, one in jobs.items():
        path = folder / f"{name}.ipynb"
        path.write_text(notebook_of(one.job, one.snapshot), encoding="utf-8")
    found, outcomes = folder / "found.json", {}
    for pictured in (False, True):
        paths = [folder / f"{name}.ipynb" for name in jobs if has_pictures(name) is pictured]
        subprocess.run([sys.executable, RUNNER, found, *paths], check=True, cwd=folder)
        document = json.loads(found.read_text())
        assert bool(document["ours"]) is pictured
        outcomes.update(document["outcomes"])
    return outcomes


@pytest.mark.parametrize("name", CASES)
def test_it_arrives_at_the_jobs_score_and_model(
    name: str, jobs: dict[str, Trained], outcomes: dict[str, dict[str, Any]]
) -> None:
    one, found = jobs[name], outcomes[name]
    result = one.outcome.result
    assert "error" not in found, found["error"]
    digits = 1e-12 if found["tolerance"] < 1e-6 else 1e-5
    assert found["score"] == pytest.approx(result.validation_score, rel=digits)
    assert result.build is not None
    if found["test_score"] is not None:
        assert found["test_score"] == pytest.approx(result.test_score, rel=digits)
    rows = one.table.take(pa.array(found["rows"], pa.int64()))
    assert result.problem_type is FORECAST or len(rows) > 100
    predicted = one.outcome.model.predict(rows)[found["columns"]].to_numpy().astype(float)
    np.testing.assert_allclose(found["predicted"], predicted, rtol=digits)
    unknown = result.problem_type is FORECAST or result.build.one_pass
    assert unknown or set(found["importance"]) == set(result.feature_columns)


@pytest.mark.parametrize("name", CASES)
def test_it_is_a_valid_notebook_that_needs_us_for_pictures_alone(
    name: str, jobs: dict[str, Trained]
) -> None:
    text = notebook_of(jobs[name].job, Path(HOSTILE) / "rows.parquet")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    ours = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
            assert not any("automl" in one.name for node in imports for one in node.names)
            taken = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            ours |= {str(node.module) for node in taken if "automl" in str(node.module)}
        else:
            assert HOSTILE.splitlines()[0] not in cell.source
    package = "automl_magics.training"
    needed = {f"{package}.batches", f"{package}.images.preparing"}
    assert ours == (needed if has_pictures(name) else set())


def test_a_simple_model_makes_a_short_notebook(jobs: dict[str, Trained]) -> None:
    notebook = nbformat.reads(notebook_of(jobs["vw-binary"].job, Path("rows")), as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    for absent in ("lightgbm", "xgboost", "weights", "averages", "def moments", "again"):
        assert absent not in text


def test_a_job_without_a_model_or_a_build_is_refused(jobs: dict[str, Trained]) -> None:
    job = jobs["linear"].job
    running = job.model_copy(update={"status": JobStatus.RUNNING, "result": None})
    with pytest.raises(Conflict, match="running"):
        notebook_of(running, Path("rows"))
    assert job.result is not None
    older = job.model_copy(update={"result": job.result.model_copy(update={"build": None})})
    with pytest.raises(Conflict, match="no notebook"):
        notebook_of(older, Path("rows"))


def test_what_no_cells_are_written_for_is_refused_in_one_line(jobs: dict[str, Trained]) -> None:
    job = jobs["forecast"].job
    assert job.result is not None
    assert job.result.build is not None
    columns = jobs["linear"].outcome.result.build
    assert columns is not None
    strange = [columns.columns[0].model_copy(update={"kind": "sound"})]
    refused = {
        r"columns such as 'x' \(sound\)": {
            "build": job.result.build.model_copy(update={"columns": strange})
        },
        "older version": {"build": None},
    }
    for reason, changed in refused.items():
        result = job.result.model_copy(update=changed)
        with pytest.raises(Conflict, match=reason) as error:
            notebook_of(job.model_copy(update={"result": result}), Path("rows"))
        assert "\n" not in str(error.value)
