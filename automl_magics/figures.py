"""Pictures of a result, for the MLflow run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.training import TrainingResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP_FEATURES = 20
SHOWN_CLASSES = 30


def figures_of(
    result: TrainingResult, test: "pd.DataFrame | None"
) -> Iterator[tuple[str, "Figure"]]:
    """Yield names and pictures: what the model looks at, and how it does on the test rows.

    Parameters
    ----------
    test
        ``label``, ``prediction`` and, for classifiers, ``probability_<class>`` of the test rows.
    """
    if result.feature_importance:
        yield "feature_importance", _feature_importance(result)
    if test is None or test.empty:
        return
    if result.problem_type in (ProblemType.REGRESSION, ProblemType.TIME_SERIES):
        yield "predicted_vs_actual", _predicted_vs_actual(test)
    if not result.problem_type.is_classification:
        return
    if len(result.classes or []) <= SHOWN_CLASSES:
        yield "confusion_matrix", _confusion_matrix(test)
    if result.problem_type is ProblemType.BINARY_CLASSIFICATION and test["label"].nunique() == 2:
        yield "roc_curve", _roc_curve(result, test)


def _feature_importance(result: TrainingResult) -> "Figure":
    shares = dict(list(result.feature_importance.items())[:TOP_FEATURES])
    figure, axes = _canvas(height=1.2 + 0.28 * len(shares))
    axes.barh([_plain(name) for name in reversed(shares)], list(reversed(shares.values())))
    axes.set_xlabel("share of the gain")
    axes.set_title("Feature importance")
    return figure


def _predicted_vs_actual(test: "pd.DataFrame") -> "Figure":
    figure, axes = _canvas()
    axes.scatter(test["label"], test["prediction"], s=6, alpha=0.4)
    ends = [float(test["label"].min()), float(test["label"].max())]
    axes.plot(ends, ends, color="grey", linewidth=1)
    axes.set_xlabel("actual")
    axes.set_ylabel("predicted")
    axes.set_title("Test rows: predicted against actual")
    return figure


def _confusion_matrix(test: "pd.DataFrame") -> "Figure":
    from sklearn.metrics import ConfusionMatrixDisplay

    figure, axes = _canvas()
    names = [_plain(str(name)) for name in sorted(set(test["label"]) | set(test["prediction"]))]
    ConfusionMatrixDisplay.from_predictions(
        test["label"].astype(str).map(_plain),
        test["prediction"].astype(str).map(_plain),
        labels=names,
        ax=axes,
        colorbar=False,
        cmap="Blues",
        include_values=len(names) <= 12,
        xticks_rotation="vertical",
    )
    axes.set_title("Test rows: confusion matrix")
    return figure


def _roc_curve(result: TrainingResult, test: "pd.DataFrame") -> "Figure":
    from sklearn.metrics import RocCurveDisplay

    figure, axes = _canvas()
    positive = sorted(set(test["label"]))[1]
    probability = test[f"probability_{(result.classes or [])[1]}"]
    RocCurveDisplay.from_predictions(
        test["label"] == positive, probability, ax=axes, name="best model"
    )
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.set_title("Test rows: ROC curve")
    return figure


def _canvas(height: float = 4.5) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, height), layout="constrained")
    axes: Any = figure.subplots()
    return figure, axes


def _plain(text: str) -> str:
    """Return text that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")
