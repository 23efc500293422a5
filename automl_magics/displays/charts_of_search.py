"""Charts of how a search went."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from automl_magics.contracts.training import LedgerEntry, Trial

if TYPE_CHECKING:
    import altair as alt

_ITEMS = 12
_SHARE = 0.01
"""What a ledger's item needs of the whole to have a bar of its own."""


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


def incumbent_curve(history: Sequence[Sequence[float]], *, metric: str) -> "alt.Chart":
    """Return the best validation score so far, over the seconds of the search.

    Parameters
    ----------
    history
        Pairs of seconds and score, in the order of time.
    """
    import altair as alt

    values = [{"seconds": seconds, "score": score} for seconds, score in history]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(interpolate="step-after", point=True)
        .encode(
            x=alt.X("seconds:Q", title="seconds since the start"),
            y=alt.Y("score:Q", title=f"best {metric} so far", scale=alt.Scale(zero=False)),
            tooltip=["seconds:Q", alt.Tooltip("score:Q", format=".5g")],
        )
        .properties(width=300, height=200)
    )
    return chart


def ledger_bars(ledger: Sequence[LedgerEntry]) -> "alt.Chart":
    """Return where the seconds went: a bar to an item, longest first, the short ones as one."""
    import altair as alt

    whole = sum(entry.seconds for entry in ledger)
    ranked = sorted(ledger, key=lambda entry: -entry.seconds)
    long = [entry for entry in ranked[:_ITEMS] if entry.seconds >= _SHARE * whole]
    values = [{"item": entry.item, "seconds": round(entry.seconds, 3)} for entry in long]
    rest = whole - sum(entry.seconds for entry in long)
    if rest > 0:
        values.append({"item": "all else", "seconds": round(rest, 3)})
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar()
        .encode(
            x=alt.X("seconds:Q", title="seconds"),
            y=alt.Y(
                "item:N",
                sort=[str(value["item"]) for value in values],
                title=None,
                axis=alt.Axis(labelLimit=220),
            ),
            tooltip=["item:N", "seconds:Q"],
        )
        .properties(width=300, height=alt.Step(18))
    )
    return chart
