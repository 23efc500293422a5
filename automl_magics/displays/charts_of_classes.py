"""Charts of a classifier on rows that it has not learned from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import altair as alt

Pairs = Sequence[Sequence[float]]

SIDE = 200
"""Pixels of a square chart's side."""
LABEL = 120
"""Pixels of a class's name, at most."""


def confusion_matrix(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> "alt.LayerChart":
    """Return how often each class was taken for which; the colour is the share of the actual class.

    Parameters
    ----------
    counts
        (actual, predicted), in the order of ``classes``.
    """
    import altair as alt

    values = [
        {
            "actual": actual,
            "predicted": predicted,
            "rows": count,
            "share": count / (sum(row) or 1),
        }
        for actual, row in zip(classes, counts, strict=True)
        for predicted, count in zip(classes, row, strict=True)
    ]
    order = list(classes)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X(
            "predicted:N",
            sort=order,
            title="predicted",
            axis=alt.Axis(labelAngle=0, labelLimit=max(SIDE // len(order), 30)),
        ),
        y=alt.Y("actual:N", sort=order, title="actual", axis=alt.Axis(labelLimit=LABEL)),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "share:Q", scale=alt.Scale(domain=[0, 1], range=["#e8eef5", "#1f5a96"]), legend=None
        ),
        tooltip=["actual:N", "predicted:N", "rows:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    if len(classes) > 10:  # figures would not be readable
        return alt.layer(cells).properties(width=SIDE, height=SIDE)
    figures = base.mark_text(fontSize=12).encode(
        text=alt.Text("rows:Q", format=","),
        color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("#1b1b1b")),
    )
    return alt.layer(cells, figures).properties(width=SIDE, height=SIDE)


def roc_curve(points: Pairs) -> "alt.LayerChart":
    """Return the ROC curve over the diagonal of a guess.

    Parameters
    ----------
    points
        Pairs of false and true positive rate.
    """
    return _rates(points, "false positive rate", "true positive rate", diagonal=True)


def precision_recall_curve(points: Pairs) -> "alt.LayerChart":
    """Return precision over recall.

    Parameters
    ----------
    points
        Pairs of recall and precision.
    """
    return _rates(points, "recall", "precision", diagonal=False)


def calibration_curve(points: Pairs) -> "alt.LayerChart":
    """Return the share of positives over the probability that was told, in bins of equal rows.

    Parameters
    ----------
    points
        Mean probability, share of positives, and rows of each bin.
    """
    return _rates(
        points, "predicted probability", "share of positives", diagonal=True, are_marked=True
    )


def _rates(
    points: Pairs, across: str, up: str, *, diagonal: bool, are_marked: bool = False
) -> "alt.LayerChart":
    """Return a line in the unit square."""
    import altair as alt

    values = [{"x": round(point[0], 5), "y": round(point[1], 5)} for point in points]
    whole = alt.Scale(domain=[0, 1])
    line = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=are_marked)
        .encode(
            x=alt.X("x:Q", title=across, scale=whole),
            y=alt.Y("y:Q", title=up, scale=whole),
            order="x:Q",
            tooltip=[
                alt.Tooltip("x:Q", title=across, format=".3f"),
                alt.Tooltip("y:Q", title=up, format=".3f"),
            ],
        )
    )
    layers = [line]
    if diagonal:
        ends = alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])
        guess = alt.Chart(ends).mark_line(strokeDash=[4, 4], color="gray", strokeWidth=1)
        layers.insert(0, guess.encode(x=alt.X("x:Q", title=across), y=alt.Y("y:Q", title=up)))
    return alt.layer(*layers).properties(width=SIDE, height=SIDE)
