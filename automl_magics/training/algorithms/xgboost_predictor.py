"""A booster of XGBoost's as it predicts, is kept and is saved."""

import json
from copy import copy
from functools import cached_property
from pathlib import Path

import numpy as np
import xgboost as xgb

from automl_magics.training.algorithms.base import Floats
from automl_magics.training.algorithms.boosting import ALONE_ROWS
from automl_magics.training.algorithms.packed import Packed
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.encoding import Encoded


class XGBoostPredictor:
    """A booster, made from its own bytes so that a saved and loaded one is the same thing.

    It is made when it is first asked: most of a search's models never are.
    """

    def __init__(self, raw: bytes, classes: int, scale: TargetScale) -> None:
        self._packed = Packed(raw)
        self._classes = classes
        self._scale = scale
        self._alone = False

    def asleep(self) -> "XGBoostPredictor":
        """Return the same predictor, its booster not made yet."""
        return self.scaled(self._scale)

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        alone = len(features) <= ALONE_ROWS
        if alone is not self._alone:
            self._alone = alone
            self._booster.set_param({"nthread": 1 if alone else 0})
        # Checking the features' number takes as long as a row does; the encoder has made them.
        found = self._booster.inplace_predict(features.values, validate_features=False)
        raw = np.asarray(found, dtype=np.float64)
        if not self._classes:
            return self._scale.label(raw)
        if raw.ndim == 1:
            return np.column_stack([1.0 - raw, raw])
        probabilities: Floats = raw / raw.sum(axis=1, keepdims=True)
        return probabilities

    def scaled(self, scale: TargetScale) -> "XGBoostPredictor":
        """Return the same booster on another scale."""
        other = copy(self)
        other._scale, other._alone = scale, False  # noqa: SLF001 - its own class
        other.__dict__.pop("_booster", None)
        return other

    def importance(self) -> Floats:
        """Return the gain by feature."""
        gains = np.zeros(self._booster.num_features())
        for name, gain in self._booster.get_score(importance_type="total_gain").items():
            gains[int(name.removeprefix("f"))] = np.sum(gain)
        return gains

    def contributions(self, features: Encoded) -> Floats:
        """Return TreeSHAP values (rows, features + 1), the last the base; (…, classes) if many."""
        types = self._booster.feature_types
        matrix = xgb.DMatrix(features.values, feature_types=types, enable_categorical=True)
        raw = np.asarray(self._booster.predict(matrix, pred_contribs=True), dtype=np.float64)
        if raw.ndim == 3:
            return raw.transpose(0, 2, 1)
        if not self._classes:
            raw *= self._scale.scale
            raw[:, -1] += self._scale.offset
        return raw

    def save(self, folder: Path) -> None:
        """Write XGBoost's own file and the scale beside it."""
        (folder / "xgboost.ubj").write_bytes(self._packed.raw())
        document = {"classes": self._classes, "scale": self._scale.to_dict()}
        (folder / "xgboost.json").write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "XGBoostPredictor":
        """Read what `save` wrote, ready to be asked."""
        document = json.loads((folder / "xgboost.json").read_text(encoding="utf-8"))
        raw = (folder / "xgboost.ubj").read_bytes()
        predictor = cls(raw, document["classes"], TargetScale.from_dict(document["scale"]))
        _ = predictor._booster
        return predictor

    @cached_property
    def _booster(self) -> xgb.Booster:
        return xgb.Booster(model_file=bytearray(self._packed.raw()))
