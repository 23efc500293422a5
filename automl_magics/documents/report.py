"""A finished job's report: one HTML file with its drawings in it, which loads nothing."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import automl_magics
from automl_magics.contracts.training import TrainingJob, TrainingResult
from automl_magics.displays import charts
from automl_magics.displays.wording import duration, score, words
from automl_magics.documents.finished import result_of

_SET = frozenset({"source_table", "staged_source"})
"""Fields of a request that its table does not repeat."""


def report_of(job: TrainingJob) -> str:
    """Return a job's report; everything that a user wrote is escaped.

    Raises `Conflict` for a job without a model.
    """
    result = result_of(job)
    return (
        _environment()
        .get_template("report.html")
        .render(
            job=job,
            result=result,
            version=automl_magics.__version__,
            summary=_summary(job, result),
            sections=[
                ("On rows that the model has not learned from", charts.charts_of_quality(result)),
                ("What the model looks at", charts.charts_of_importance(result)),
                ("The search", charts.charts_of_search(result)),
            ],
            others={
                name: value for name, value in result.test_scores.items() if name != result.metric
            },
            features=_features(result),
            specification=_specification(job),
            members=result.build.members if result.build else [],
            loading=_loading(job),
        )
    )


def _summary(job: TrainingJob, result: TrainingResult) -> list[tuple[str, str]]:
    known = [
        ("problem", words(result.problem_type)),
        ("predicts", job.request.label_column or ""),
        ("source", job.source_table),
        ("rows", _rows(job, result)),
        ("model", result.best_candidate),
        ("validated on", result.validation or ""),
        ("registered as", job.model_uri or ""),
        ("owner", job.owner),
        ("domain", job.domain),
        ("finished", f"{job.finished_at:%Y-%m-%d %H:%M} UTC" if job.finished_at else ""),
        ("took", duration(result.seconds)),
        ("description", job.description or ""),
    ]
    return [(what, value) for what, value in known if value]


def _rows(job: TrainingJob, result: TrainingResult) -> str:
    rows = f"{result.train_rows:,}, {len(result.feature_columns)} columns learned from"
    return rows if job.snapshot is None else f"{rows}; SHA-256 {job.snapshot.sha256}"


def _features(result: TrainingResult) -> list[str]:
    """Return the columns, what matters most first."""
    lost, gain = result.permutation_importance, result.feature_importance
    return sorted(
        result.feature_columns, key=lambda name: (-lost.get(name, 0.0), -gain.get(name, 0.0), name)
    )


def _specification(job: TrainingJob) -> list[tuple[str, str]]:
    """Return what was asked for, without what was left open."""
    asked = job.request.model_dump(mode="json", exclude_defaults=True, exclude=set(_SET))
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in asked.items()
        if value is not None
    ]


def _loading(job: TrainingJob) -> str:
    """Return code that loads the registered model; names stand in literals."""
    if job.model_uri is None:
        return ""
    return (
        f"import mlflow\n\nmodel = mlflow.pyfunc.load_model({job.model_uri!r})\nmodel.predict(rows)"
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["score"] = score
    environment.filters["duration"] = duration
    environment.filters["drawn"] = _drawn
    return environment


def _drawn(chart: Any) -> Markup:
    """Return a chart as an SVG element, whose text is escaped in it."""
    return Markup(charts.svg(chart))  # noqa: S704
