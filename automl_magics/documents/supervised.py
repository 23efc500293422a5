"""The notebook of a classifier, a regressor or a ranker: members fitted fold by fold, blended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl_magics.contracts.build import Build
from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.training import TrainingJob, TrainingResult
from automl_magics.documents.members import fragment_of, learned_objective, parameters_of
from automl_magics.documents.writing import EXACT, NEARLY, Step, Writing
from automl_magics.training.metrics import Metric, Objective, find_metric

FAMILIES = (
    "lightgbm", "xgboost", "catboost", "forest", "linear", "linear_grams", "neural", "neighbors",
    "vw",
)  # fmt: skip
_LAYERED = frozenset({"linear", "linear_grams", "neural"})
_DENSE = _LAYERED | {"neighbors", "vw"}
_MANY_ROWS = 50_000


class SupervisedWriting(Writing):
    """One notebook, from what is known of a job."""

    learned_as: ProblemType | None = None
    """What kind of problem the members solve, where that is not the job's."""

    def __init__(
        self, job: TrainingJob, result: TrainingResult, build: Build, snapshot: Path
    ) -> None:
        super().__init__(job, result, build, snapshot)
        self._metric: Metric = find_metric(result.metric, result.problem_type)
        self._classes = len(result.classes or ())
        self._ranks = result.problem_type is ProblemType.RANKING
        squares = self._ranks  # what learns row by row; rankers have objectives of their own
        self._objective = Objective.SQUARED if squares else learned_objective(self._metric)
        self._families = {fragment_of(member) for member in build.members}

    @property
    def tolerance(self) -> float:
        """Newton's method on n-grams stops near the optimum, where is up to the last digits."""
        return NEARLY if self._classes > 2 and "linear_grams" in self._families else EXACT

    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""
        build = self.build
        yield from self._prepared()
        yield from self.of_fits()
        yield "compare", self.of_comparing(self._metric.name)
        decided = {"TEMPERATURE": build.temperature} if "tempered" in self.holding else {}
        if self.result.problem_type is ProblemType.BINARY_CLASSIFICATION:
            decided["THRESHOLD"] = build.threshold
        if build.candidates == 1 and self.result.test_score is not None:
            yield "test_score", {**decided, "REPORTED_TEST": self.result.test_score}
            decided = {}
        yield "blend", {}
        yield "model", {**decided, **({"USUAL": build.usual} if build.usual else {})}
        yield "explain", {}

    def _prepared(self) -> Iterator[Step]:
        """Yield what makes rows, what is learned of them, their features and folds."""
        build, request = self.build, self.job.request
        yield "rows", self.of_rows()
        if "image" in self.holding:
            pictured = [column for column in build.columns if column.kind == "image"]
            yield "pictures", {"PICTURES": {column.name: column.pictures for column in pictured}}
        yield ("classes" if self._classes else "values"), {}
        if request.group_column is not None:
            yield "groups", {"GROUP": request.group_column}
        if build.sample is not None:
            yield "sample", {"SAMPLE": build.sample}
        if request.weight_column is not None:
            yield "weights", {"WEIGHT": request.weight_column}
        if self._ranks:
            yield "queries", self._of_queries()
        yield "learned", {}
        if "document" in self.holding:
            yield "documents", self._of_documents()
        yield "features", self.of_features()
        if "document" in self.holding:
            yield "grams", {}
        yield self.of_folds()

    def of_fits(self) -> Iterator[Step]:
        """Yield how each family is fitted, with what several of them need; and the score."""
        build = self.build
        if build.target_keys:
            yield "targets", {"KEYS": build.target_keys}
        if self._families & _DENSE:
            yield "dense", {}
        if self._families & _LAYERED:
            yield "layers", {}
        quantile = {} if self._objective in (Objective.SQUARED, Objective.LOG_LOSS) else {
            "ALPHA": self._metric.alpha
        }  # fmt: skip
        if "vw" in self._families:
            yield "vw_lines", {}
        for family in FAMILIES:
            if family in self._families:
                yield self._fragment(family), quantile
                quantile = {}
        yield "fit", {"MEMBERS": self._of_members()}
        yield "score", {}
        yield "score_of", {}

    def _fragment(self, family: str) -> str:
        return (
            f"linear_{'classes' if self._classes else 'values'}" if family == "linear" else family
        )

    def of_folds(self) -> tuple[str, dict[str, Any]]:
        """Return the fragment that deals rows to folds, with its constants."""
        folds, request = self.build.folds, self.job.request
        if folds.held_out is not None and request.group_column is not None:
            return "latest_groups", {"HELD_OUT": folds.held_out}
        if folds.held_out is not None:
            form = {"TIME": request.time_column, "TIME_FORM": folds.time_form}
            return "latest", {**form, "HELD_OUT": folds.held_out}
        used: dict[str, Any] = {"USED": folds.used} if "partly" in self.holding else {}
        if "raced" in self.holding:
            used["FIRST"] = self._first
        if request.group_column is not None:
            return "group_folds", {"FOLDS": folds.count, **used}
        return "folds", {"FOLDS": folds.count, "REPEATS": folds.repeats, **used}

    @property
    def learned_rows(self) -> int:
        """How many rows the members learned from."""
        return self.result.train_rows

    @property
    def _problem_type(self) -> ProblemType:
        return self.learned_as or self.result.problem_type

    @property
    def _first(self) -> int:
        """How many of the folds were fitted on first."""
        folds = self.build.folds
        return folds.tried_on or (1 if folds.raced else len(folds.used))

    def _of_documents(self) -> dict[str, Any]:
        documents = [column for column in self.build.columns if column.kind == "document"]
        return {
            "GRAMS": {column.name: column.grams for column in documents},
            "LONGEST": {column.name: column.longest for column in documents},
        }

    def _of_queries(self) -> dict[str, Any]:
        depth = self._metric.name.partition("_at_")[2]
        return {"DEPTH": int(depth)} if depth else {}

    def _of_members(self) -> dict[str, Any]:
        build, found = self.build, {}
        for member in build.members:
            found[member.candidate] = {
                "family": fragment_of(member),
                "parameters": parameters_of(
                    member, build, self._problem_type, self._classes, self._metric
                ),
                "weight": member.weight,
            }
            if "targets" in self.holding:
                found[member.candidate]["averages"] = member.targets
            if "refit" in self.holding:
                found[member.candidate]["refitted"] = member.refitted
        return found

    def conditions(self) -> Iterator[str]:
        """Yield what holds, as the fragments call it."""
        build, request = self.build, self.job.request
        folds, metric = build.folds, self._metric
        raced = len(folds.used) > self._first
        refit = any(member.refitted for member in build.members)
        linear = bool(self._families & {"linear", "linear_grams"})
        percentage = metric.objective is Objective.PERCENTAGE
        yield from self._families
        yield "blended"
        if build.usual:
            yield "usual"
        yield from {member.parameters["style"] for member in build.members
                    if "style" in member.parameters}  # fmt: skip
        yield metric.name.partition(":")[0].partition("_at_")[0]
        yield ("classes" if self._classes else "values")
        yield from {
            ProblemType.BINARY_CLASSIFICATION: ["binary"],
            ProblemType.MULTICLASS_CLASSIFICATION: ["multiclass"],
            ProblemType.RANKING: ["ranking"],
        }.get(self._problem_type, [])
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
            "whole": build.label_type.startswith(("int", "uint")),
            "grouped": request.group_column is not None,
            "repeated": folds.repeats > 1,
            "partly": folds.held_out is None
            and len(folds.used) < folds.count * folds.repeats
            and folds.raced,
            "targets": any(member.targets for member in build.members),
            "refit": refit,
            "raced": raced and linear,
            "again": linear and (raced or refit),
            "raised": any("earlier_rates" in member.parameters for member in build.members),
            "several": len(build.members) > 1,
            "absent": folds.held_out is not None or request.group_column is not None,
            "tempered": build.temperature != 1.0,
            "many": self.learned_rows > _MANY_ROWS,
            "normal": bool(self._families & {"vw", "linear_grams"}),
            "compact": bool(self._families - {"linear_grams"}),
            "matrix": bool(self._families & _DENSE),
        }
        yield from (name for name, holds in told.items() if holds)
