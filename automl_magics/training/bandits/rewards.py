"""The reward to expect of each action, for the doubly robust estimate alone."""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from automl_magics.training.encoding import Encoder
from automl_magics.training.frames import Floats

_ROUNDS = 60
_CHUNK = 500_000


@dataclass(frozen=True)
class RewardModel:
    """LightGBM on the context and the action."""

    booster: Any

    @classmethod
    def fit(
        cls,
        contexts: Floats,
        actions: NDArray[np.int64],
        rewards: Floats,
        *,
        seed: int,
        threads: int,
    ) -> "RewardModel":
        """Learn from the rows of a log that are not judged."""
        features = np.column_stack([contexts, actions])
        data = lightgbm.Dataset(features, rewards, categorical_feature=[features.shape[1] - 1])
        parameters = {
            "objective": "regression", "learning_rate": 0.1, "num_leaves": 31, "seed": seed,
            "min_data_in_leaf": 10, "deterministic": True, "num_threads": threads, "verbosity": -1,
        }  # fmt: skip
        return cls(lightgbm.train(parameters, data, _ROUNDS))

    def expected(self, contexts: Floats, count: int) -> Floats:
        """Return rewards (rows, actions)."""
        found = np.empty((len(contexts), count))
        step = max(1, _CHUNK // count)
        for begin in range(0, len(contexts), step):
            part = contexts[begin : begin + step]
            features = np.column_stack(
                [np.repeat(part, count, axis=0), np.tile(np.arange(count), len(part))]
            )
            found[begin : begin + step] = self.booster.predict(features).reshape(-1, count)
        return found

    def shares(self, encoder: Encoder) -> dict[str, float]:
        """Return each column's share of the gain, beside the action's."""
        shares = dict.fromkeys(encoder.types, 0.0)
        gains = self.booster.feature_importance("gain")[:-1]
        for column, gain in zip(encoder.sources, gains, strict=True):
            shares[column] = shares.get(column, 0.0) + float(gain)
        total = sum(shares.values()) or 1.0
        return {column: gain / total for column, gain in shares.items()}
