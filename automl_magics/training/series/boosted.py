"""LightGBM on lags: one model for all series, direct for every step or one step at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from automl_magics.training.budget import Slot
from automl_magics.training.frames import Floats
from automl_magics.training.series.lags import Lags, training_rows
from automl_magics.training.series.panel import Series
from automl_magics.training.series.scores import naive_scales

PARAMETERS: dict[str, Any] = {
    "objective": "regression_l1",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 127,
    "deterministic": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Boosted:
    """How a global model is fitted and forecasts."""

    lags: Lags
    direct: bool
    """It learns each step ahead; otherwise the next one, and goes on from its own forecasts."""

    def fit(
        self,
        series: Sequence[Series],
        codes: Sequence[int],
        horizon: int,
        *,
        rounds: int,
        slot: Slot,
        at_most: int,
        seed: int,
        threads: int,
    ) -> lightgbm.Booster | None:
        """Learn from all series up to so many rounds or the slot's end.

        None where there is too little to learn from.
        """
        found = training_rows(
            self.lags,
            series,
            codes,
            most_ahead=horizon if self.direct else 1,
            at_most=at_most,
            seed=seed,
        )
        if found is None or len(found[1]) < 2 * PARAMETERS["min_data_in_leaf"]:
            return None
        features, targets = found
        data = lightgbm.Dataset(features, targets, free_raw_data=True)

        def stop_in_time(environment: Any) -> None:
            if slot.over:
                raise lightgbm.callback.EarlyStopException(environment.iteration, [])

        parameters = {**PARAMETERS, "seed": seed, "num_threads": threads}
        return lightgbm.train(parameters, data, rounds, callbacks=[stop_in_time])

    def forecast(
        self,
        booster: lightgbm.Booster,
        series: Sequence[Series],
        horizon: int,
        rounds: int,
        *,
        codes: Sequence[int],
    ) -> Floats:
        """Return forecasts (series, horizon) by the first ``rounds`` trees.

        ``codes`` are the numbers that the series had in training.
        """
        values = [self.lags.values(one) for one in series]
        if self.direct:
            found = self._step(booster, series, codes, values, np.arange(1, horizon + 1), rounds)
        else:
            scales = [naive_scales(one, self.lags.seasons[0])[0] for one in values]
            steps = []
            for _ in range(horizon):
                step = self._step(booster, series, codes, values, np.array([1]), rounds, scales)
                values = [np.append(v, s) for v, s in zip(values, step[:, 0], strict=True)]
                steps.append(step)
            found = np.concatenate(steps, axis=1)
        return np.exp(found) if self.lags.logs else found

    def _step(  # noqa: PLR0917 - private, and all of a kind
        self,
        booster: lightgbm.Booster,
        series: Sequence[Series],
        codes: Sequence[int],
        values: Sequence[Floats],
        ahead: "np.ndarray[Any, np.dtype[np.int64]]",
        rounds: int,
        scales: Sequence[float] | None = None,
    ) -> Floats:
        parts, bases, sizes = [], [], []
        for at, (one, known) in enumerate(zip(series, values, strict=True)):
            origins = np.full(len(ahead), len(known) - 1)
            features, base, scale = self.lags.features(known, one, codes[at], origins, ahead)
            parts.append(features)
            bases.append(base)
            sizes.append(scale if scales is None else scales[at])
        raw = np.asarray(booster.predict(np.concatenate(parts), num_iteration=rounds))
        found: Floats = raw.reshape(len(series), len(ahead)) * np.array(sizes)[:, None]
        return found + np.array(bases)
