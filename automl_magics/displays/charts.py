"""The charts that a result has, by name: one function each in the modules beside this one."""

from typing import TYPE_CHECKING

from automl_magics.contracts.training import TrainingResult
from automl_magics.displays.charts_of_classes import (
    calibration_curve,
    confusion_matrix,
    precision_recall_curve,
    roc_curve,
)
from automl_magics.displays.charts_of_columns import importance_bars
from automl_magics.displays.charts_of_search import incumbent_curve, search_curve
from automl_magics.displays.charts_of_values import predicted_and_actual, residuals
from automl_magics.displays.drawing import bundle, svg

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "bundle",
    "calibration_curve",
    "charts_of",
    "confusion_matrix",
    "importance_bars",
    "incumbent_curve",
    "precision_recall_curve",
    "predicted_and_actual",
    "residuals",
    "roc_curve",
    "search_curve",
    "svg",
]


def charts_of(result: TrainingResult) -> "dict[str, alt.TopLevelMixin]":
    """Return every chart that a result has the figures for, by its title, in reading order.

    All but the first two are drawn from rows that the models have not learned from.
    """
    curves = result.curves
    found: dict[str, alt.TopLevelMixin] = {}
    if len(curves.get("incumbent", ())) > 1:
        found["Search"] = incumbent_curve(curves["incumbent"], metric=result.metric)
    if importance := (result.permutation_importance or result.feature_importance):
        is_permuted = bool(result.permutation_importance)
        title = f"{result.metric} lost when shuffled" if is_permuted else "share of the gain"
        found["Feature importance"] = importance_bars(importance, title)
    if "confusion" in curves and result.classes:
        found["Confusion matrix"] = confusion_matrix(curves["confusion"], result.classes)
    if "roc" in curves:
        found["ROC"] = roc_curve(curves["roc"])
    if "precision_recall" in curves:
        found["Precision and recall"] = precision_recall_curve(curves["precision_recall"])
    if "calibration" in curves:
        found["Calibration"] = calibration_curve(curves["calibration"])
    if curves.get("residuals"):
        found["Predicted and actual"] = predicted_and_actual(curves["residuals"])
        found["Residuals"] = residuals(curves["residuals"])
    return found
