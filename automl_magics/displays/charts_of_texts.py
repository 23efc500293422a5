"""Charts of what speaks in texts for which class."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import altair as alt

Weighted = Sequence[tuple[str, float]]

CLASSES = 6
"""Classes that have a chart, at most."""
SHOWN = 10
ACROSS = 2
"""Classes side by side."""


def telling_terms(terms: Mapping[str, Weighted]) -> "alt.ConcatChart":
    """Return the n-grams of largest weight, one chart to a class.

    Parameters
    ----------
    terms
        N-grams with their weights by class, largest first.
    """
    import altair as alt

    return alt.concat(
        *(_bars(name, distinct(found)[:SHOWN]) for name, found in list(terms.items())[:CLASSES]),
        columns=ACROSS,
    )


def distinct(terms: Weighted) -> list[tuple[str, float]]:
    """Return n-grams as they are shown, without those that are a part of one of larger weight.

    A space at a word's end is ``_``.
    """
    found: list[tuple[str, float]] = []
    for term, weight in terms:
        if not any(term.strip() in other for other, _ in found):
            found.append((_shown(term), weight))
    return found


def _bars(name: str, terms: Weighted) -> "alt.Chart":
    import altair as alt

    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=[{"n-gram": term, "weight": of} for term, of in terms]))
        .mark_bar()
        .encode(
            x=alt.X("weight:Q", title="weight", axis=alt.Axis(tickCount=4)),
            y=alt.Y("n-gram:N", sort=[term for term, _ in terms], title=None),
            tooltip=["n-gram:N", alt.Tooltip("weight:Q", format=".3f")],
        )
        .properties(width=160, height=alt.Step(16), title=alt.TitleParams(name, limit=200))
    )
    return chart


def _shown(term: str) -> str:
    middle = term.strip(" ")
    begin, _, end = term.partition(middle) if middle else ("", "", term)
    return "_" * len(begin) + middle + "_" * len(end)
