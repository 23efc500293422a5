"""What a pretrained network makes of a column's texts, along its main directions."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.budget import Slot
from automl_magics.training.networks.directions import Directions
from automl_magics.training.networks.sentences import BATCH, Sentences

Singles = NDArray[np.float32]

_FEWER_TOKENS = (128, 64, 32)
_SLACK = 1.3
_WARMING = 4
"""The first few texts take longer than all later ones."""


@dataclass(frozen=True)
class Embedding:
    """Vectors of texts in fewer numbers.

    Parameters
    ----------
    tokens
        How many of a text the network looks at.
    known
        The texts that it was fitted on with what became of them, lest they are embedded twice.
    """

    network: Sentences
    directions: Directions
    tokens: int
    known: tuple[Sequence[str], Singles] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def fit(
        cls, network: Sentences, texts: Sequence[str], tokens: int, slot: Slot, *,
        threads: int, seed: int,
    ) -> "Embedding":  # fmt: skip
        """Embed all texts and find their main directions; `OutOfTime` when the slot is over."""
        vectors = network.embed(texts, tokens, threads=threads, slot=slot)
        directions = Directions.fit(vectors, seed)
        return cls(network, directions, tokens, (texts, directions.describe(vectors)))

    @property
    def features(self) -> tuple[str, ...]:
        """The directions' names."""
        return self.directions.features

    def encode(self, texts: Sequence[str]) -> Singles:
        """Return the features of texts (texts, directions)."""
        if self.known is not None and texts == self.known[0]:
            return self.known[1]
        if not texts:
            return np.empty((0, self.directions.count), np.float32)
        return self.directions.describe(self.network.embed(texts, self.tokens))


def planned_tokens(
    network: Sentences,
    texts: Sequence[str],
    seconds: float,
    *,
    threads: int,
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> int | None:
    """Time a batch and return how many tokens of each text there is time for; None for none."""
    if not np.isfinite(seconds):
        return network.most_tokens
    distinct = list(dict.fromkeys(texts))
    some = np.random.default_rng(seed).permutation(len(distinct))[:BATCH]
    sample = [distinct[place] for place in some]
    network.embed(sample[:_WARMING], network.most_tokens, threads=threads)
    fewer = (tokens for tokens in _FEWER_TOKENS if tokens < network.most_tokens)
    for tokens in (network.most_tokens, *fewer):
        begun = clock()
        network.embed(sample, tokens, threads=threads)
        if (clock() - begun) * _SLACK * len(distinct) / len(sample) <= seconds:
            return tokens
    return None
