"""How much of texts there is time to look at, by the clock."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from automl_magics.training.text_column import LONGEST, Grams, kinds_of

_SHARE = 0.12
"""Of the budget, at most, for reading texts."""
_SLACK = 1.5
"""Other processes want the machine too."""
_PROBED = 60_000
"""Characters that are timed; so few take no time worth planning."""
_SHORT = 200
"""Texts are not cut shorter."""


@dataclass(frozen=True)
class TextPlan:
    """How much of texts is looked at, so that reading them stays within a budget."""

    longest: int = LONGEST
    """Characters of each text."""
    characters: bool = True
    """Look at n-grams of characters too, beside words."""

    @classmethod
    def within(
        cls,
        seconds: float,
        texts: Sequence[str],
        seed: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> "TextPlan":
        """Time some texts and return what there is time for in a share of a budget."""
        lengths = np.array([min(len(text), LONGEST) for text in texts])
        total = int(lengths.sum())
        if not np.isfinite(seconds) or total <= _PROBED:
            return cls()
        order = np.random.default_rng(seed).permutation(len(texts))
        some = order[: 1 + int(np.searchsorted(np.cumsum(lengths[order]), _PROBED))]
        sample = [texts[row][:LONGEST] for row in some]
        times = []
        for kind in kinds_of(sample):
            begun = clock()
            grams = Grams.fit(sample, *kind)
            if grams is not None:
                grams.transform(sample)
            times.append((clock() - begun) * _SLACK * total / sum(map(len, sample)))
        able = _SHARE * seconds
        if sum(times) <= able:
            return cls()
        mean = total / len(texts)
        if times[0] <= able or mean <= _SHORT:
            return cls(characters=False)
        longest = max(_SHORT, int(mean * able / times[0]))
        return cls(longest=min(longest, LONGEST), characters=False)
