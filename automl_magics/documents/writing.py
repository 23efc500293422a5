"""What the notebooks of all problem types share: title, imports, rows, features."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from automl_magics.contracts.build import Build, BuiltColumn
from automl_magics.contracts.training import TrainingJob, TrainingResult
from automl_magics.documents.composing import Cell, Fragment, import_cell
from automl_magics.training.dates import ISO_8601

Step = tuple[str, Mapping[str, Any]]
"""A fragment's name, and the constants before its first code."""

EXACT, NEARLY = 1e-9, 1e-6

_SECONDS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


class Writing(ABC):
    """One notebook, from what is known of a job.

    Parameters
    ----------
    snapshot
        Where the notebook reads the job's rows.
    """

    def __init__(
        self, job: TrainingJob, result: TrainingResult, build: Build, snapshot: Path
    ) -> None:
        self.job, self.result, self.build, self.snapshot = job, result, build, snapshot

    def cells(self) -> list[Cell]:
        """Return title, imports and steps."""
        steps = [
            Fragment.of(name, self.holding).with_constants(values) for name, values in self.steps()
        ]
        imports = import_cell(line for step in steps for line in step.imports)
        return [self._title(), imports, *(cell for step in steps for cell in step.cells)]

    @property
    def tolerance(self) -> float:
        """How much scores may differ, relatively: scikit-learn adds up in another order."""
        return EXACT

    @abstractmethod
    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""

    @abstractmethod
    def conditions(self) -> Iterator[str]:
        """Yield what holds of the problem, as the fragments call it."""

    @cached_property
    def holding(self) -> frozenset[str]:
        """Everything that holds."""
        types, columns = self._types().values(), self.build.columns
        return frozenset(
            [
                *self.conditions(),
                *(column.kind for column in columns),
                *(["amounts"] if any(_is_text_of_numbers(one) for one in columns) else []),
                *(["written"] if any(one.form not in (None, ISO_8601) for one in columns) else []),
                *(["decimals"] if any(kind.startswith("decimal") for kind in types) else []),
                *(["spans"] if any(_span(kind) is not None for kind in types) else []),
            ]
        )

    def of_rows(self) -> dict[str, Any]:
        """Return where the rows are and how their columns are read."""
        found: dict[str, Any] = {"SNAPSHOT": str(self.snapshot)}
        if self.job.request.label_column is not None:
            found["LABEL"] = self.job.request.label_column
        found |= {"SEED": self.build.seed, "THREADS": self.build.threads}
        types = self._types()
        decimals = [name for name, kind in types.items() if kind.startswith("decimal")]
        spans = {name: of for name, kind in types.items() if (of := _span(kind)) is not None}
        return found | ({"DECIMALS": decimals} if decimals else {}) | (
            {"SPANS": spans} if spans else {}
        )  # fmt: skip

    def of_features(self) -> dict[str, Any]:
        """Return how each column becomes features."""
        columns = self.build.columns
        found: dict[str, Any] = {"COLUMNS": {column.name: column.kind for column in columns}}
        parts = {column.name: column.parts for column in columns if column.kind == "moment"}
        forms = {column.name: column.form for column in columns if column.form}
        return found | ({"PARTS": parts} if parts else {}) | (
            {"FORMS": forms} if "written" in self.holding else {}
        )  # fmt: skip

    def of_comparing(self, metric: str) -> dict[str, Any]:
        """Return the score that the notebook must arrive at."""
        return {
            "METRIC": metric,
            "REPORTED": self.result.validation_score,
            "TOLERANCE": self.tolerance,
        }

    def _types(self) -> dict[str, str]:
        types = {column.name: column.type for column in self.build.columns}
        if self.job.request.label_column is not None and self.build.label_type:
            types[self.job.request.label_column] = self.build.label_type
        return types

    def _title(self) -> Cell:
        libraries = ", ".join(f"{name} {of}" for name, of in self.build.libraries.items())
        problem = self.result.problem_type.value.replace("_", " ")
        what = "the ensemble" if len(self.build.members) > 1 else f"`{self.result.best_candidate}`"
        has_pictures = any(column.kind == "image" for column in self.build.columns)
        but = ", but for what its pictures look like" if has_pictures else ""
        return Cell(
            "markdown",
            "# A model, rebuilt\n\n"
            f"This notebook builds the model of training job `{self.job.job_id}` ({problem}) once"
            f" more, from the same rows: {what}, by plain library calls{but}. Run from top to"
            f" bottom it arrives at the job's own {self.result.metric} on validation rows. All of"
            " it is yours to change.\n\n"
            f"The job used {libraries}; other versions may learn something else.",
        )


def _is_text_of_numbers(column: BuiltColumn) -> bool:
    return column.kind == "number" and column.type.endswith("string")


def _span(kind: str) -> tuple[str, float] | None:
    """Return how Arrow's times of day and durations become seconds: a whole type, and its unit."""
    found = re.fullmatch(r"(time32|time64|duration)\[(\w+)\]", kind)
    if found is None:
        return None
    return "int32" if found[1] == "time32" else "int64", _SECONDS[found[2]]
