"""A notebook that rebuilds a finished job's model without us, as text of the format nbformat 4."""
# mypy: disable-error-code="no-untyped-call"

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from automl_magics.contracts.build import Build
from automl_magics.contracts.enums import PredictorType, ProblemType
from automl_magics.contracts.errors import Conflict
from automl_magics.contracts.training import TrainingJob, TrainingResult
from automl_magics.documents.composing import Cell, Fragment, import_cell
from automl_magics.documents.finished import result_of
from automl_magics.documents.members import fragment_of, learned_objective, parameters_of
from automl_magics.training.dates import ISO_8601
from automl_magics.training.metrics import Metric, Objective, find_metric

_TOLERANCE = 1e-9
"""Scores may differ so much, relatively: scikit-learn's metrics add up in another order."""

_FAMILIES = (
    "lightgbm", "xgboost", "catboost", "forest", "linear", "neural", "neighbors", "vw",
)  # fmt: skip
_DENSE = frozenset({"linear", "neural", "neighbors", "vw"})
_LAYERED = frozenset({"linear", "neural"})
_SECONDS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
_MANY_ROWS = 50_000


def notebook_of(job: TrainingJob, snapshot: Path) -> str:
    """Return a notebook that rebuilds a job's model from its snapshot.

    Parameters
    ----------
    snapshot
        Where the notebook reads the job's rows.

    Raises
    ------
    Conflict
        The job has no model yet, or one that no notebook can be made of.
    """
    import nbformat

    cells = [
        nbformat.v4.new_markdown_cell(cell.source, id=f"cell-{number}")
        if cell.kind == "markdown"
        else nbformat.v4.new_code_cell(cell.source, id=f"cell-{number}")
        for number, cell in enumerate(_Writing(job, snapshot).cells(), 1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    text: str = nbformat.writes(notebook)
    return text


class _Writing:
    """One notebook, from what is known of a job."""

    def __init__(self, job: TrainingJob, snapshot: Path) -> None:
        self._job, self._snapshot = job, snapshot
        self._result, self._build = check_rebuilt(job)
        self._metric: Metric = find_metric(self._result.metric, self._result.problem_type)
        self._classes = len(self._result.classes or ())
        self._objective = learned_objective(self._metric)
        self._families = {fragment_of(member) for member in self._build.members}
        self._holding = frozenset(self._conditions())

    def cells(self) -> list[Cell]:
        """Return title, imports and steps."""
        steps = [
            Fragment.of(name, self._holding).with_constants(values)
            for name, values in self._steps()
        ]
        imports = import_cell(line for step in steps for line in step.imports)
        return [self._title(), imports, *(cell for step in steps for cell in step.cells)]

    def _title(self) -> Cell:
        libraries = ", ".join(f"{name} {of}" for name, of in self._build.libraries.items())
        problem = self._result.problem_type.value.replace("_", " ")
        what = (
            "the ensemble" if len(self._build.members) > 1 else f"`{self._result.best_candidate}`"
        )
        return Cell(
            "markdown",
            "# A model, rebuilt\n\n"
            f"This notebook builds the model of training job `{self._job.job_id}` ({problem}) once"
            f" more, from the same rows: {what}, by plain library calls. Run from top to bottom it"
            f" arrives at the job's own {self._metric.name} on validation rows. All of it is yours"
            " to change.\n\n"
            f"The job used {libraries}; other versions may learn something else.",
        )

    def _steps(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the fragments in their order, each with its constants."""
        build, request = self._build, self._job.request
        yield "rows", self._of_rows()
        yield ("classes" if self._classes else "values"), {}
        if build.sample is not None:
            yield "sample", {"SAMPLE": build.sample}
        if request.weight_column is not None:
            yield "weights", {"WEIGHT": request.weight_column}
        yield "learned", {}
        yield "features", self._of_features()
        yield self._of_folds()
        if build.target_keys:
            yield "targets", {"KEYS": build.target_keys}
        if self._families & _DENSE:
            yield "dense", {}
        if self._families & _LAYERED:
            yield "layers", {}
        quantile = {} if self._objective in (Objective.SQUARED, Objective.LOG_LOSS) else {
            "ALPHA": self._metric.alpha
        }  # fmt: skip
        for family in _FAMILIES:
            if family in self._families:
                yield self._fragment(family), quantile
                quantile = {}
        yield "fit", {"MEMBERS": self._of_members()}
        yield "score", {}
        yield (
            "compare",
            {
                "METRIC": self._metric.name,
                "REPORTED": self._result.validation_score,
                "TOLERANCE": _TOLERANCE,
            },
        )
        decided = {"TEMPERATURE": build.temperature} if "tempered" in self._holding else {}
        if self._result.problem_type is ProblemType.BINARY_CLASSIFICATION:
            decided["THRESHOLD"] = build.threshold
        if build.candidates == 1 and self._result.test_score is not None:
            yield "test_score", {**decided, "REPORTED_TEST": self._result.test_score}
            decided = {}
        yield "model", decided
        yield "explain", {}

    def _fragment(self, family: str) -> str:
        return (
            f"linear_{'classes' if self._classes else 'values'}" if family == "linear" else family
        )

    def _of_rows(self) -> dict[str, Any]:
        types = {column.name: column.type for column in self._build.columns}
        types[str(self._job.request.label_column)] = self._build.label_type
        found: dict[str, Any] = {
            "SNAPSHOT": str(self._snapshot),
            "LABEL": self._job.request.label_column,
            "SEED": self._build.seed,
            "THREADS": self._build.threads,
        }
        decimals = [name for name, kind in types.items() if kind.startswith("decimal")]
        spans = {name: of for name, kind in types.items() if (of := _span(kind)) is not None}
        if decimals:
            found["DECIMALS"] = decimals
        if spans:
            found["SPANS"] = spans
        return found

    def _of_features(self) -> dict[str, Any]:
        columns = self._build.columns
        found: dict[str, Any] = {"COLUMNS": {column.name: column.kind for column in columns}}
        if "moment" in self._holding:
            found["PARTS"] = {
                column.name: column.parts for column in columns if column.kind == "moment"
            }
        if "written" in self._holding:
            found["FORMS"] = {column.name: column.form for column in columns if column.form}
        return found

    def _of_folds(self) -> tuple[str, dict[str, Any]]:
        folds, request = self._build.folds, self._job.request
        groups: dict[str, Any] = (
            {} if request.group_column is None else {"GROUP": request.group_column}
        )
        if folds.held_out is not None:
            name = "latest_groups" if groups else "latest"
            when = groups or {"TIME": request.time_column, "TIME_FORM": folds.time_form}
            return name, {**when, "HELD_OUT": folds.held_out}
        used: dict[str, Any] = {"USED": folds.used} if "partly" in self._holding else {}
        if "raced" in self._holding:
            used["FIRST"] = self._first
        if groups:
            return "group_folds", {**groups, "FOLDS": folds.count, **used}
        return "folds", {"FOLDS": folds.count, "REPEATS": folds.repeats, **used}

    @property
    def _first(self) -> int:
        """How many of the folds were fitted on first."""
        folds = self._build.folds
        return folds.tried_on or (1 if folds.raced else len(folds.used))

    def _of_members(self) -> dict[str, Any]:
        build, found = self._build, {}
        for member in build.members:
            found[member.candidate] = {
                "family": fragment_of(member),
                "parameters": parameters_of(
                    member, build, self._result.problem_type, self._classes, self._metric
                ),
                "weight": member.weight,
            }
            if "targets" in self._holding:
                found[member.candidate]["averages"] = member.targets
            if "refit" in self._holding:
                found[member.candidate]["refitted"] = member.refitted
        return found

    def _conditions(self) -> Iterator[str]:
        """Yield what holds, as the fragments call it."""
        build, request, result = self._build, self._job.request, self._result
        folds, metric = build.folds, self._metric
        raced = len(folds.used) > self._first
        refit = any(member.refitted for member in build.members)
        linear = "linear" in self._families
        percentage = metric.objective is Objective.PERCENTAGE
        yield from self._families
        yield from {column.kind for column in build.columns}
        yield from {member.parameters["style"] for member in build.members
                    if "style" in member.parameters}  # fmt: skip
        yield metric.name.partition(":")[0]
        yield ("classes" if self._classes else "values")
        yield from {
            ProblemType.BINARY_CLASSIFICATION: ["binary"],
            ProblemType.MULTICLASS_CLASSIFICATION: ["multiclass"],
        }.get(result.problem_type, [])
        told = {
            "weights": request.weight_column is not None,
            "weighed": request.weight_column is not None or percentage,
            "percentage": percentage,
            "log": metric.objective is Objective.SQUARED_LOG,
            "squared": self._objective is Objective.SQUARED,
            "labels": metric.needs_labels,
            "higher": metric.higher_is_better,
            "sample": build.sample is not None,
            "finite": build.label_type.startswith(("float", "double", "halffloat", "decimal")),
            "amounts": any(
                column.kind == "number" and column.type.endswith("string")
                for column in build.columns
            ),
            "written": any(column.form not in (None, ISO_8601) for column in build.columns),
            "decimals": any(kind.startswith("decimal") for kind in self._types()),
            "spans": any(_span(kind) is not None for kind in self._types()),
            "repeated": folds.repeats > 1,
            "partly": folds.held_out is None
            and len(folds.used) < folds.count * folds.repeats
            and folds.raced,
            "targets": any(member.targets for member in build.members),
            "refit": refit,
            "raced": raced and linear,
            "again": linear and (raced or refit),
            "raised": any("first_rate" in member.parameters for member in build.members),
            "several": len(build.members) > 1,
            "absent": folds.held_out is not None or request.group_column is not None,
            "tempered": build.temperature != 1.0,
            "many": result.train_rows > _MANY_ROWS,
            "normal": "vw" in self._families,
        }
        yield from (name for name, holds in told.items() if holds)

    def _types(self) -> list[str]:
        return [*(column.type for column in self._build.columns), self._build.label_type]


def check_rebuilt(job: TrainingJob) -> tuple[TrainingResult, Build]:
    """Return a job's result and how its model was built; `Conflict` where there is none."""
    result = result_of(job)
    if result.build is None:
        if job.request.learns_from_pictures:
            raise Conflict(
                f"There is no notebook that rebuilds the model of {job.name}: its predictor type is"
                f" {job.request.predictor_type}.",
                hint="There is one of models that learn from tables; this one can be loaded with"
                " MLflow.",
            )
        problem = result.problem_type.value.replace("_", " ")
        if job.request.predictor_type in (PredictorType.TEXT, PredictorType.MULTIMODAL):
            raise Conflict(
                f"There is no notebook that rebuilds the model of {job.name}: it learned from"
                " texts.",
                hint="There is one of models of the predictor type tabular.",
            )
        raise Conflict(
            f"There is no notebook that rebuilds the model of {job.name} ({problem}).",
            hint="There is one of classifiers and regressors that this version has trained.",
        )
    return result, result.build


def _span(kind: str) -> tuple[str, float] | None:
    """Return how Arrow's times of day and durations become seconds: a whole type, and its unit."""
    found = re.fullmatch(r"(time32|time64|duration)\[(\w+)\]", kind)
    if found is None:
        return None
    return "int32" if found[1] == "time32" else "int64", _SECONDS[found[2]]
