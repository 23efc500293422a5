"""Charts of training jobs, as Altair draws them and as JupyterLab shows them without a network."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.training import Trial

if TYPE_CHECKING:
    import altair as alt

VEGA_LITE = "application/vnd.vegalite.v5+json"
"""The newest version of Vega-Lite that JupyterLab 4 brings its own renderer for."""


def bundle(chart: "alt.TopLevelMixin", text: str) -> dict[str, Any]:
    """Return what a notebook displays: the chart, and a text where there are no charts."""
    return {VEGA_LITE: chart.to_dict(validate=False), "text/plain": text}


def search_curve(
    trials: Sequence[Trial], *, metric: str, higher_is_better: bool, started_at: datetime
) -> "alt.LayerChart":
    """Return the trials' scores over time, and the step line of the incumbent.

    Parameters
    ----------
    trials
        In the order of fitting; those without a score are left out.
    started_at
        Where the axis of seconds begins.
    """
    import altair as alt

    values = []
    best: float | None = None
    for trial in trials:
        if trial.score is None:
            continue
        if best is None or (trial.score > best if higher_is_better else trial.score < best):
            best = trial.score
        seconds = (trial.finished_at - started_at).total_seconds()
        values.append(
            {
                "seconds": round(max(0.0, seconds), 2),
                "score": trial.score,
                "best": best,
                "candidate": trial.candidate,
            }
        )
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("seconds:Q", title="seconds since the start")
    )
    scale = alt.Scale(zero=False)
    points = base.mark_circle(opacity=0.6).encode(
        y=alt.Y("score:Q", title=metric, scale=scale),
        tooltip=["candidate:N", alt.Tooltip("score:Q", format=".5g"), "seconds:Q"],
    )
    line = base.mark_line(interpolate="step-after").encode(y=alt.Y("best:Q", scale=scale))
    return alt.layer(points, line).properties(width=480, height=200)
