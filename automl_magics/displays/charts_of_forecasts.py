"""Charts of forecasts: the latest values, what was forecast for them, and what follows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 480, 160


def forecast_chart(series: Sequence[Mapping[str, Any]]) -> "alt.VConcatChart":
    """Return a chart for each series, the future with the interval that should hold 80 %.

    Parameters
    ----------
    series
        Each with ``series``, ``history`` and ``held_out`` (pairs of moment and value) and
        ``forecast`` (moment, value, low, high).
    """
    import altair as alt

    return alt.vconcat(*(_one(part, titled=len(series) > 1) for part in series))


def _one(part: Mapping[str, Any], *, titled: bool) -> "alt.LayerChart":
    import altair as alt

    moments = [row[0] for row in part["history"]]
    kind = "T" if moments and isinstance(moments[0], str) else "Q"
    when = alt.X(f"when:{kind}", title=None)
    values = [
        {"when": moment, "value": value, "what": what}
        for what, rows in (
            ("history", part["history"]),
            ("forecast when held out", part["held_out"]),
            ("forecast", [row[:2] for row in part["forecast"]]),
        )
        for moment, value in rows
    ]
    bands = [
        {"when": moment, "low": low, "high": high} for moment, _, low, high in part["forecast"]
    ]
    band = (
        alt.Chart(alt.InlineData(values=bands))
        .mark_area(opacity=0.25, color="#1f5a96")
        .encode(x=when, y=alt.Y("low:Q", title=None), y2="high:Q")
    )
    colors = alt.Scale(
        domain=["history", "forecast when held out", "forecast"],
        range=["#8a8a8a", "#d98b2b", "#1f5a96"],
    )
    lines = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(strokeWidth=1.5)
        .encode(
            x=when,
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("what:N", scale=colors, title=None, legend=alt.Legend(orient="top")),
            tooltip=["when:N", "what:N", alt.Tooltip("value:Q", format=".5g")],
        )
    )
    title = str(part["series"]) if titled else ""
    return alt.layer(band, lines).properties(width=WIDTH, height=HEIGHT, title=title)
