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
from automl_magics.displays.charts_of_forecasts import forecast_chart
from automl_magics.displays.charts_of_policies import policy_values
from automl_magics.displays.charts_of_search import incumbent_curve, ledger_bars, search_curve
from automl_magics.displays.charts_of_texts import telling_terms
from automl_magics.displays.charts_of_values import predicted_and_actual, residuals
from automl_magics.displays.drawing import VEGA_LITE, bundle, svg

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "VEGA_LITE",
    "bundle",
    "calibration_curve",
    "charts_of",
    "charts_of_importance",
    "charts_of_quality",
    "charts_of_search",
    "confusion_matrix",
    "forecast_chart",
    "importance_bars",
    "incumbent_curve",
    "ledger_bars",
    "policy_values",
    "precision_recall_curve",
    "predicted_and_actual",
    "residuals",
    "roc_curve",
    "search_curve",
    "svg",
    "telling_terms",
]


def charts_of(result: TrainingResult) -> "dict[str, alt.TopLevelMixin]":
    """Return every chart that a result has the figures for, by its title, in reading order.

    What tells how good a model is comes from rows that it has not learned from.
    """
    return {**charts_of_quality(result), **charts_of_importance(result), **charts_of_search(result)}


def charts_of_quality(result: TrainingResult) -> "dict[str, alt.TopLevelMixin]":
    """Return charts of the predictions for rows that the models have not learned from."""
    curves = result.curves
    found: dict[str, alt.TopLevelMixin] = {}
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
    if curves.get("forecast"):
        found["Forecast"] = forecast_chart(curves["forecast"])
    if curves.get("policies"):
        found["Policies"] = policy_values(curves["policies"], result.metric)
    return found


def charts_of_importance(result: TrainingResult) -> "dict[str, alt.TopLevelMixin]":
    """Return what the model looks at: columns, and in texts n-grams.

    Columns by permutation where that was measured, else by gain.
    """
    found: dict[str, alt.TopLevelMixin] = {}
    if result.permutation_importance:
        title = f"{result.metric} lost when shuffled"
        found["Permutation importance"] = importance_bars(result.permutation_importance, title)
    elif result.feature_importance:
        bars = importance_bars(result.feature_importance, "share of the gain")
        found["Feature importance"] = bars
    for column, terms in result.curves.get("terms", {}).items():
        if any(terms.values()):
            found[f"Telling n-grams of {column}"] = telling_terms(terms)
    return found


def charts_of_search(result: TrainingResult) -> "dict[str, alt.TopLevelMixin]":
    """Return how the best score came about, and what the seconds were spent on."""
    found: dict[str, alt.TopLevelMixin] = {}
    history = result.curves.get("incumbent", ())
    if len(history) > 1:
        found["Incumbent"] = incumbent_curve(history, metric=result.metric)
    if result.ledger:
        found["Seconds"] = ledger_bars(result.ledger)
    return found
