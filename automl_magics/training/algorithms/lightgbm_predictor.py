"""A booster of LightGBM's as it predicts, is kept and is saved."""

import json
from copy import copy
from functools import cached_property
from pathlib import Path

import lightgbm as lgb
import numpy as np
from scipy.special import expit, softmax

from automl_magics.training.algorithms.base import Floats
from automl_magics.training.algorithms.boosting import ALONE_ROWS
from automl_magics.training.algorithms.packed import Packed
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.encoding import Encoded

_TREES_AT_ONCE = 24
"""Rows go down so many trees, then down the next ones: their nodes stay in the nearest cache. All
at once, as LightGBM does by itself, takes twice as long, and three times where classes are many."""
_FROM_ROWS = 512
"""For fewer rows the calls take longer than that saves. From here on sums are those of the library
but for the last bit."""


class LightGBMPredictor:
    """A booster, made from its own text so that a saved and loaded one is the same thing.

    It is made when it is first asked: most of a search's models never are.
    """

    def __init__(self, text: str, scale: TargetScale) -> None:
        self._packed = Packed(text.encode())
        self._scale = scale

    def asleep(self) -> "LightGBMPredictor":
        """Return the same predictor, its booster not made yet."""
        return self.scaled(self._scale)

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        raw = self._raw(features.values)
        if raw.ndim == 2:
            shares: Floats = softmax(raw, axis=1)
            return shares
        if self._booster.params.get("objective", "").startswith("binary"):
            return np.column_stack([expit(-raw), expit(raw)])
        return self._scale.label(raw)

    def scaled(self, scale: TargetScale) -> "LightGBMPredictor":
        """Return the same booster on another scale."""
        other = copy(self)
        other._scale = scale  # noqa: SLF001 - its own class
        other.__dict__.pop("_booster", None)
        return other

    def importance(self) -> Floats:
        """Return the gain by feature."""
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)

    def contributions(self, features: Encoded) -> Floats:
        """Return TreeSHAP values (rows, features + 1), the last the base; (…, classes) if many."""
        raw = np.asarray(self._booster.predict(features.values, pred_contrib=True))
        if self._booster.num_model_per_iteration() > 1:
            classes = self._booster.num_model_per_iteration()
            return raw.reshape(len(features), classes, -1).transpose(0, 2, 1)
        raw *= self._scale.scale
        raw[:, -1] += self._scale.offset
        return raw

    def save(self, folder: Path) -> None:
        """Write LightGBM's text file and the scale beside it."""
        (folder / "lightgbm.txt").write_bytes(self._packed.raw())
        document = json.dumps(self._scale.to_dict())
        (folder / "lightgbm.json").write_text(document, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "LightGBMPredictor":
        """Read what `save` wrote, ready to be asked."""
        document = json.loads((folder / "lightgbm.json").read_text(encoding="utf-8"))
        text = (folder / "lightgbm.txt").read_text(encoding="utf-8")
        predictor = cls(text, TargetScale.from_dict(document))
        _ = predictor._booster
        return predictor

    def _raw(self, values: Floats) -> Floats:
        """Return the sums of the trees' leaves: (rows,), of several classes (rows, classes)."""
        booster, rounds = self._booster, self._booster.current_iteration()
        if len(values) < _FROM_ROWS:
            threads = {"num_threads": 1} if len(values) <= ALONE_ROWS else {}
            return np.asarray(booster.predict(values, raw_score=True, **threads))
        step = max(1, _TREES_AT_ONCE // booster.num_model_per_iteration())
        total = np.asarray(booster.predict(values, raw_score=True, num_iteration=step))
        for begin in range(step, rounds, step):
            total += booster.predict(
                values, raw_score=True, start_iteration=begin, num_iteration=step
            )
        return total

    @cached_property
    def _booster(self) -> lgb.Booster:
        return lgb.Booster(model_str=self._packed.raw().decode())
