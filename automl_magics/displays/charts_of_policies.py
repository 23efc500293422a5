"""Charts of bandits: what policies would have brought, beside the one that was logged."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

WIDTH, STEP = 360, 28


def policy_values(policies: Sequence[Mapping[str, Any]], metric: str) -> "alt.LayerChart":
    """Return the estimated value of each policy with its 95 % interval.

    Parameters
    ----------
    policies
        Each with ``policy``, ``value``, ``low`` and ``high``, in the order to show.
    metric
        The name of the estimate.
    """
    import altair as alt

    base = alt.Chart(alt.InlineData(values=[dict(policy) for policy in policies])).encode(
        y=alt.Y("policy:N", sort=None, title=None)
    )
    across = alt.X("value:Q", title=f"value of a decision ({metric})", scale=alt.Scale(zero=False))
    spans = base.mark_rule(strokeWidth=2, color="#8a8a8a").encode(x=alt.X("low:Q"), x2="high:Q")
    points = base.mark_point(filled=True, size=80, color="#1f5a96").encode(
        x=across,
        tooltip=[
            "policy:N",
            *(alt.Tooltip(f"{name}:Q", format=".4g") for name in ("value", "low", "high")),
        ],
    )
    return alt.layer(spans, points).properties(width=WIDTH, height=alt.Step(STEP))
