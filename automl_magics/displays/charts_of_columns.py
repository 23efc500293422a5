"""Charts of what a model looks at."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import altair as alt

SHOWN = 15


def importance_bars(importance: Mapping[str, float], title: str) -> "alt.Chart":
    """Return a bar to a feature that matters, the most important ones, in their order.

    Parameters
    ----------
    importance
        By feature, largest first.
    title
        What the length of a bar says.
    """
    import altair as alt

    some = {feature: value for feature, value in importance.items() if value} or importance
    shown = list(some.items())[:SHOWN]
    values = [{"feature": feature, "importance": value} for feature, value in shown]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar()
        .encode(
            x=alt.X("importance:Q", title=title),
            y=alt.Y(
                "feature:N",
                sort=[feature for feature, _ in shown],
                title=None,
                axis=alt.Axis(labelLimit=220),
            ),
            tooltip=["feature:N", alt.Tooltip("importance:Q", format=".4g")],
        )
        .properties(width=300, height=alt.Step(18))
    )
    return chart
