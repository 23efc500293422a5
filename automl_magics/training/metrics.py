"""The metrics: names, directions, and how each is computed.

Importing this module is cheap; numpy and scikit-learn are imported when a metric is computed.
A prediction is a matrix of probabilities (rows, classes) for classification, a vector of values
for regression; a target holds class codes 0, 1, … or values. In binary problems the positive class
is the last one in class order.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Compute = Callable[[Floats, Floats, Floats | None], float]

_BINARY = frozenset({ProblemType.BINARY_CLASSIFICATION})
_CLASSES = _BINARY | {ProblemType.MULTICLASS_CLASSIFICATION}
_VALUES = frozenset({ProblemType.REGRESSION})


@dataclass(frozen=True)
class Metric:
    """One number that says how good predictions are."""

    name: str
    higher_is_better: bool
    problem_types: frozenset[ProblemType]
    compute: "Compute"

    def score(
        self, target: "Floats", prediction: "Floats", weights: "Floats | None" = None
    ) -> float | None:
        """Return the metric, or None where it is not defined (one class only, no rows)."""
        if not len(target):
            return None
        value = self.compute(target, prediction, weights)
        return value if math.isfinite(value) else None

    def is_better(self, score: float, than: float) -> bool:
        """Compare two scores."""
        return score > than if self.higher_is_better else score < than


def find_metric(name: str | None, problem_type: ProblemType) -> Metric:
    """Return a metric by name, or the problem type's usual one.

    Raises `InvalidInput` for a name that this problem type does not have.
    """
    if name is None:
        return METRICS[_DEFAULTS[problem_type]]
    canonical = name.strip().lower().replace("-", "_").replace(" ", "_")
    metric = METRICS.get(_ALIASES.get(canonical, canonical))
    if metric is not None and problem_type in metric.problem_types:
        return metric
    known = [metric.name for metric in metrics_for(problem_type)]
    problem = problem_type.value.replace("_", " ")
    raise InvalidInput(
        f"'{name}' is not a metric of {problem}.", hint=did_you_mean(name, known), field="metric"
    )


def metrics_for(problem_type: ProblemType) -> list[Metric]:
    """Return the metrics of a problem type."""
    return [metric for metric in METRICS.values() if problem_type in metric.problem_types]


def all_scores(
    problem_type: ProblemType,
    target: "Floats",
    prediction: "Floats",
    weights: "Floats | None" = None,
) -> dict[str, float]:
    """Return every metric of a problem type that is defined for these rows."""
    scores = {
        metric.name: metric.score(target, prediction, weights)
        for metric in metrics_for(problem_type)
    }
    return {name: score for name, score in scores.items() if score is not None}


def _roc_auc(target: "Floats", prediction: "Floats", weights: "Floats | None") -> float:
    """Area under the ROC curve; with more than two classes the mean over one against the rest."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    present = np.unique(target).astype(int)
    if len(present) < 2:
        return math.nan
    positives = [1] if prediction.shape[1] == 2 else present
    areas = [
        roc_auc_score(target == code, prediction[:, code], sample_weight=weights)
        for code in positives
    ]
    return float(np.mean(areas))


def _average_precision(target: "Floats", prediction: "Floats", weights: "Floats | None") -> float:
    from sklearn.metrics import average_precision_score

    if not (target == 1).any():
        return math.nan
    return float(average_precision_score(target, prediction[:, 1], sample_weight=weights))


def _log_loss(target: "Floats", prediction: "Floats", weights: "Floats | None") -> float:
    import numpy as np

    chosen = prediction[np.arange(len(target)), target.astype(int)]
    losses = -np.log(np.clip(chosen, np.finfo(np.float64).eps, 1.0))
    return float(np.average(losses, weights=weights))


def _of_labels(function: str, **options: Any) -> "Compute":
    """Make a metric from one of scikit-learn's that compares labels."""

    def compute(target: "Floats", prediction: "Floats", weights: "Floats | None") -> float:
        from sklearn import metrics

        chosen = prediction.argmax(axis=1)
        return float(
            getattr(metrics, function)(target.astype(int), chosen, sample_weight=weights, **options)
        )

    return compute


def _mcc(target: "Floats", prediction: "Floats", weights: "Floats | None") -> float:
    """Matthews correlation; 0 where only one class occurs or is predicted."""
    from sklearn.metrics import matthews_corrcoef

    chosen = prediction.argmax(axis=1)
    if (target == target[0]).all() or (chosen == chosen[0]).all():
        return 0.0
    return float(matthews_corrcoef(target.astype(int), chosen, sample_weight=weights))


def _balanced_accuracy(target: "Floats", prediction: "Floats", weights: "Floats | None") -> float:
    """Mean recall over the classes that occur."""
    import numpy as np

    hit = prediction.argmax(axis=1) == target
    weight = np.ones(len(target)) if weights is None else weights
    totals = np.bincount(target.astype(int), weights=weight)
    hits = np.bincount(target.astype(int), weights=weight * hit)
    return float(np.mean(hits[totals > 0] / totals[totals > 0]))


def _of_values(function: str) -> "Compute":
    """Make a metric from one of scikit-learn's that compares values."""

    def compute(target: "Floats", prediction: "Floats", weights: "Floats | None") -> float:
        from sklearn import metrics

        if function == "r2_score" and len(target) < 2:
            return math.nan
        return float(getattr(metrics, function)(target, prediction, sample_weight=weights))

    return compute


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", True, _CLASSES, _roc_auc),
        Metric("average_precision", True, _BINARY, _average_precision),
        Metric("log_loss", False, _CLASSES, _log_loss),
        Metric("accuracy", True, _CLASSES, _of_labels("accuracy_score")),
        Metric("balanced_accuracy", True, _CLASSES, _balanced_accuracy),
        Metric("f1", True, _BINARY, _of_labels("f1_score", zero_division=0.0)),
        Metric(
            "f1_macro", True, _CLASSES, _of_labels("f1_score", average="macro", zero_division=0.0)
        ),
        Metric("mcc", True, _CLASSES, _mcc),
        Metric("rmse", False, _VALUES, _of_values("root_mean_squared_error")),
        Metric("mae", False, _VALUES, _of_values("mean_absolute_error")),
        Metric("r2", True, _VALUES, _of_values("r2_score")),
    )
}

_DEFAULTS: Mapping[ProblemType, str] = {
    ProblemType.BINARY_CLASSIFICATION: "roc_auc",
    ProblemType.MULTICLASS_CLASSIFICATION: "log_loss",
    ProblemType.REGRESSION: "rmse",
}

_ALIASES: Mapping[str, str] = {
    "auc": "roc_auc",
    "logloss": "log_loss",
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
}
