"""The metrics: names, directions, what each asks of a prediction and of the label.

Importing this module is cheap; numpy is imported when a metric is computed, scikit-learn never.
A prediction is a matrix of probabilities (rows, classes) for classification, a vector of values
for regression, of scores for ranking and anomaly detection; a target holds class codes 0, 1, … or
values, for ranking grades and queries (rows, 2). In binary problems the positive class is the last
one in class order; in anomaly detection it is the anomaly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_BINARY = frozenset({ProblemType.BINARY_CLASSIFICATION})
_CLASSES = _BINARY | {ProblemType.MULTICLASS_CLASSIFICATION}
_VALUES = frozenset({ProblemType.REGRESSION})
_SERIES = frozenset({ProblemType.TIME_SERIES})
_BANDITS = frozenset({ProblemType.CONTEXTUAL_BANDIT})
_RANKS = frozenset({ProblemType.RANKING})
_ANOMALIES = frozenset({ProblemType.ANOMALY_DETECTION})


class Objective(StrEnum):
    """What a model minimizes so that a metric comes out well."""

    LOG_LOSS = "log_loss"
    SQUARED = "squared"
    SQUARED_LOG = "squared_log"
    """Squared differences of ``log(1 + value)``."""
    ABSOLUTE = "absolute"
    PERCENTAGE = "percentage"
    """Absolute differences, each divided by the label."""
    QUANTILE = "quantile"
    """The pinball loss at the metric's ``alpha``."""
    ORDER = "order"
    """The order of the rows within each query."""


@dataclass(frozen=True)
class Metric:
    """One number that says how good predictions are."""

    name: str
    higher_is_better: bool
    problem_types: frozenset[ProblemType]
    objective: Objective
    needs_labels: bool = False
    """It compares classes, not probabilities: a decision threshold can raise it."""
    alpha: float = 0.5
    """Which quantile is predicted; of the metric ``quantile`` only."""

    def score(
        self, target: "Floats", prediction: "Floats", weights: "Floats | None" = None
    ) -> float | None:
        """Return the metric, or None where it is not defined.

        That is without rows or weight, with one class only, for predictions that are no finite
        numbers, and for a target that `problem_with` names. A row of weight 0 is as if it were
        not there.
        """
        import numpy as np

        if weights is not None and not weights.all():
            used = weights > 0
            target, prediction, weights = target[used], prediction[used], weights[used]
        if not len(target) or not np.isfinite(prediction).all() or self.problem_with(target):
            return None
        if ProblemType.REGRESSION in self.problem_types:
            from automl_magics.training.metrics_of_values import COMPUTE_OF_VALUES

            family = self.name.partition(":")[0]
            value = COMPUTE_OF_VALUES[family](target, prediction, weights, self.alpha)
        elif ProblemType.RANKING in self.problem_types:
            values = self.by_query(target, prediction)
            value = math.nan if values is None or not len(values) else float(values.mean())
        else:
            from automl_magics.training.metrics_of_classes import COMPUTE_OF_CLASSES

            if prediction.ndim == 1:  # scores of anomalies: only their order counts
                prediction = np.column_stack([-prediction, prediction])
            value = COMPUTE_OF_CLASSES[self.name](target, prediction, weights)
        return value if math.isfinite(value) else None

    def by_query(self, target: "Floats", prediction: "Floats") -> "Floats | None":
        """Return the values whose mean a metric of ranking is, one for each query; else None."""
        if ProblemType.RANKING not in self.problem_types:
            return None
        from automl_magics.training.metrics_of_ranking import values_by_query

        return values_by_query(self.name, target, prediction)

    def is_better(self, score: float, than: float) -> bool:
        """Compare two scores."""
        return score > than if self.higher_is_better else score < than

    def problem_with(self, target: "Floats") -> str | None:
        """Tell why the metric is not defined for these labels, if it is not."""
        if self.name == "rmsle" and (target < 0).any():
            return f"the label is negative in {(target < 0).sum()} rows, and rmsle takes its log"
        if self.name == "mape" and (target == 0).any():
            return f"the label is 0 in {(target == 0).sum()} rows, and mape divides by it"
        return None

    def check(self, target: "Floats") -> None:
        """Raise `InvalidInput` where the metric is not defined for these labels."""
        problem = self.problem_with(target)
        if problem is not None:
            raise InvalidInput(
                f"{self.name} cannot be computed: {problem}.",
                hint="Choose mae or rmse, or leave these rows out.",
                field="metric",
            )


def find_metric(name: str | None, problem_type: ProblemType) -> Metric:
    """Return a metric by name, or the problem type's usual one.

    The quantile to predict stands after a colon: ``quantile:0.9``. Raises `InvalidInput` for a name
    that this problem type does not have.
    """
    if name is None:
        return METRICS[_DEFAULTS[problem_type]]
    canonical = name.strip().lower().replace("-", "_").replace(" ", "_")
    if problem_type is ProblemType.REGRESSION and canonical.partition(":")[0] in _QUANTILE_NAMES:
        return _quantile(name, canonical)
    metric = METRICS.get(_ALIASES.get(canonical, canonical))
    if metric is not None and problem_type in metric.problem_types:
        return metric
    known = [metric.name for metric in metrics_for(problem_type)]
    if problem_type is ProblemType.REGRESSION:
        known.append(_QUANTILE.name)
    problem = problem_type.value.replace("_", " ")
    raise InvalidInput(
        f"'{name}' is not a metric of {problem}.", hint=did_you_mean(name, known), field="metric"
    )


def metrics_for(problem_type: ProblemType) -> list[Metric]:
    """Return the metrics of a problem type that need no further number."""
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


def _quantile(name: str, canonical: str) -> Metric:
    number = canonical.partition(":")[2] or "0.5"
    try:
        alpha = float(number)
    except ValueError:
        alpha = math.nan
    if not 0.0 < alpha < 1.0:
        raise InvalidInput(
            f"'{name}' does not name a quantile between 0 and 1.",
            hint="Write the share of values that lie below, as in quantile:0.9.",
            field="metric",
        )
    return replace(_QUANTILE, name=f"quantile:{alpha:g}", alpha=alpha)


def _of_probabilities(name: str, problem_types: frozenset[ProblemType]) -> Metric:
    return Metric(name, name != "log_loss", problem_types, Objective.LOG_LOSS)


def _of_labels(name: str, problem_types: frozenset[ProblemType]) -> Metric:
    return Metric(name, True, problem_types, Objective.LOG_LOSS, needs_labels=True)


def _of_ranks(name: str) -> Metric:
    return Metric(name, True, _RANKS, Objective.ORDER)


def _of_values(name: str, objective: Objective) -> Metric:
    return Metric(name, name == "r2", _VALUES, objective)


_OF_SERIES = ("mase", "wql", "rmsse", "wape")
"""They compare forecasts with a series' past, see `automl_magics.training.series.scores`."""

_OF_BANDITS = ("dr", "snips", "ips")
"""They estimate a policy's value, see `automl_magics.training.bandits.estimators`."""

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _of_probabilities("roc_auc", _CLASSES | _ANOMALIES),
        _of_probabilities("average_precision", _BINARY | _ANOMALIES),
        _of_probabilities("precision_at_k", _ANOMALIES),
        _of_probabilities("log_loss", _CLASSES),
        _of_labels("accuracy", _CLASSES),
        _of_labels("balanced_accuracy", _CLASSES),
        _of_labels("f1", _BINARY),
        _of_labels("f1_macro", _CLASSES),
        _of_labels("mcc", _CLASSES),
        _of_values("rmse", Objective.SQUARED),
        _of_values("mae", Objective.ABSOLUTE),
        _of_values("r2", Objective.SQUARED),
        _of_values("rmsle", Objective.SQUARED_LOG),
        _of_values("mape", Objective.PERCENTAGE),
        _of_ranks("ndcg_at_10"),
        _of_ranks("ndcg_at_5"),
        _of_ranks("ndcg_at_1"),
        _of_ranks("map"),
        _of_ranks("mrr"),
        *(Metric(name, False, _SERIES, Objective.ABSOLUTE) for name in _OF_SERIES),
        *(Metric(name, True, _BANDITS, Objective.SQUARED) for name in _OF_BANDITS),
    )
}

_QUANTILE = _of_values("quantile", Objective.QUANTILE)

_DEFAULTS: Mapping[ProblemType, str] = {
    ProblemType.BINARY_CLASSIFICATION: "roc_auc",
    ProblemType.MULTICLASS_CLASSIFICATION: "log_loss",
    ProblemType.REGRESSION: "rmse",
    ProblemType.RANKING: "ndcg_at_10",
    ProblemType.ANOMALY_DETECTION: "roc_auc",
    ProblemType.TIME_SERIES: "mase",
    ProblemType.CONTEXTUAL_BANDIT: "dr",
}

_QUANTILE_NAMES = frozenset({"quantile", "pinball", "quantile_loss", "pinball_loss"})

_ALIASES: Mapping[str, str] = {
    "auc": "roc_auc",
    "roc_auc_score": "roc_auc",
    "ap": "average_precision",
    "average_precision_score": "average_precision",
    "pr_auc": "average_precision",
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "acc": "accuracy",
    "accuracy_score": "accuracy",
    "f1_score": "f1",
    "macro_f1": "f1_macro",
    "matthews_corrcoef": "mcc",
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "r2_score": "r2",
    "root_mean_squared_log_error": "rmsle",
    "mean_absolute_percentage_error": "mape",
    "ndcg": "ndcg_at_10",
    "ndcg@1": "ndcg_at_1",
    "ndcg@5": "ndcg_at_5",
    "ndcg@10": "ndcg_at_10",
    "mean_average_precision": "map",
    "mean_reciprocal_rank": "mrr",
    "precision@k": "precision_at_k",
    "p@k": "precision_at_k",
}
