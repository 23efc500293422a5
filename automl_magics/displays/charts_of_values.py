"""Charts of a regression on rows that it has not learned from."""

from collections import Counter
from collections.abc import Sequence
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import altair as alt

SIDE = 200
"""Pixels of a chart's height."""

_BINS = 24
_DOTS = 200
"""How many rows are drawn at most."""


def predicted_and_actual(pairs: Sequence[Sequence[float]]) -> "alt.LayerChart":
    """Return a dot to a row, beside the diagonal on which the predictions are right.

    Parameters
    ----------
    pairs
        Predicted and actual.
    """
    import altair as alt

    every = [number for pair in pairs for number in pair]
    scale = alt.Scale(domain=[min(every), max(every)], nice=True)
    across = alt.X("predicted:Q", title="predicted", scale=scale)
    up = alt.Y("actual:Q", title="actual", scale=scale)
    shown = pairs[:: -(-len(pairs) // _DOTS)]
    values = [{"predicted": predicted, "actual": actual} for predicted, actual in shown]
    ends = [{"predicted": end, "actual": end} for end in (min(every), max(every))]
    right = (
        alt.Chart(alt.InlineData(values=ends))
        .mark_line(strokeDash=[4, 4], color="gray", strokeWidth=1)
        .encode(across, up)
    )
    dots = (
        alt.Chart(alt.InlineData(values=values))
        .mark_circle(opacity=0.6, size=24)
        .encode(across, up, tooltip=["predicted:Q", "actual:Q"])
    )
    return alt.layer(right, dots).properties(width=SIDE, height=SIDE)


def residuals(pairs: Sequence[Sequence[float]]) -> "alt.LayerChart":
    """Return how far the predictions are off, as a histogram around nought.

    Parameters
    ----------
    pairs
        Predicted and actual.
    """
    import altair as alt

    bars = (
        alt.Chart(alt.InlineData(values=_histogram([right - told for told, right in pairs])))
        .mark_bar()
        .encode(
            x=alt.X("from:Q", bin="binned", title="actual minus predicted"),
            x2="to:Q",
            y=alt.Y("rows:Q", title="rows"),
            tooltip=["from:Q", "to:Q", "rows:Q"],
        )
    )
    nought = alt.Chart(alt.InlineData(values=[{"at": 0}]))
    line = nought.mark_rule(strokeDash=[4, 4], color="gray").encode(x="at:Q")
    return alt.layer(bars, line).properties(width=SIDE * 1.5, height=SIDE)


def _histogram(values: Sequence[float]) -> list[dict[str, float]]:
    """Return counts in bins of equal width, one of whose edges is nought."""
    width = (max(values) - min(values)) / _BINS or 1.0
    counts = Counter(floor(value / width) for value in values)
    return [
        {"from": place * width, "to": (place + 1) * width, "rows": counts[place]}
        for place in sorted(counts)
    ]
