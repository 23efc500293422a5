"""The notebook of a model that Vowpal Wabbit learned in one pass over many rows."""

from collections.abc import Iterator
from typing import Any

from automl_magics.contracts.enums import ProblemType
from automl_magics.documents.writing import Step, Writing
from automl_magics.training.metrics import find_metric


class OnePassWriting(Writing):
    """One notebook, from what is known of a job."""

    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""
        result, learned = self.result, self.build.one_pass
        metric = find_metric(result.metric, result.problem_type)
        yield "vw_pass", self._of_rows()
        names = {"options": "OPTIONS", "rows": "ROWS", "judged": "JUDGED"}
        yield "vw_learn", {names[name]: value for name, value in learned.items()}
        yield "score_of", {"ALPHA": metric.alpha} if "quantile" in self.holding else {}
        yield "vw_score", {}
        yield "compare", self.of_comparing(result.metric)
        yield "vw_predict", {"REPORTED_TEST": result.test_score}

    def conditions(self) -> Iterator[str]:
        """Yield what holds, as the fragments call it."""
        problem_type, request = self.result.problem_type, self.job.request
        metric = find_metric(self.result.metric, problem_type)
        classes = problem_type.is_classification
        told = {
            metric.name.partition(":")[0]: True,
            "labels": metric.needs_labels,
            "classes": classes,
            "values": not classes,
            "binary": problem_type is ProblemType.BINARY_CLASSIFICATION,
            "multiclass": problem_type is ProblemType.MULTICLASS_CLASSIFICATION,
            "weights": request.weight_column is not None,
            "timed": request.time_column is not None,
            "numeric": any(column.kind in ("number", "moment") for column in self.build.columns),
            "finite": not classes
            or self.build.label_type.startswith(("float", "double", "halffloat", "decimal")),
        }
        yield from (name for name, holds in told.items() if holds)

    def _of_rows(self) -> dict[str, Any]:
        known = self.of_rows()
        kept = ("SNAPSHOT", "LABEL", "SEED", "SPANS")
        found = {name: known[name] for name in kept if name in known}
        if self.job.request.weight_column is not None:
            found["WEIGHT"] = self.job.request.weight_column
        return found | {"COLUMNS": {column.name: column.kind for column in self.build.columns}}
