"""A Vowpal Wabbit model that predicts encoded rows."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import vowpalwabbit

from automl_magics.training.algorithms.base import Floats
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.algorithms.vw_text import LineEncoder
from automl_magics.training.encoding import Encoded

_MODEL, _ENCODER, _DOCUMENT = "model.vw", "encoder.npz", "vw.json"


class VWPredictor:
    """A model, read from its own bytes so that a saved and loaded one is the same thing."""

    def __init__(
        self, raw: bytes, encoder: LineEncoder, classes: int, scale: TargetScale, width: int
    ) -> None:
        self._raw, self._encoder, self._classes, self._scale = raw, encoder, classes, scale
        self._width = width
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / _MODEL
            path.write_bytes(raw)
            options = ["--initial_regressor", str(path), "--testonly", "--quiet"]
            if classes > 2:  # the file does not say how raw sums were meant
                options += ["--probabilities", "--loss_function", "logistic"]
            self._workspace = vowpalwabbit.Workspace(arg_list=options)

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        return self.predict_lines(self._encoder.lines(features))

    def predict_lines(self, lines: Sequence[str]) -> Floats:
        """Predict rows that are written already."""
        raw = np.array([self._workspace.predict(line) for line in lines], dtype=np.float64)
        if not len(raw):
            raw = np.empty((0, self._classes) if self._classes > 2 else 0)
        return self.decoded(raw, self._classes, self._scale)

    @staticmethod
    def decoded(raw: Floats, classes: int, scale: TargetScale) -> Floats:
        """Return predictions of what Vowpal Wabbit says."""
        if not classes:
            return scale.label(raw)
        if classes == 2:
            return np.column_stack([1.0 - raw, raw])
        shares: Floats = raw + 1e-9
        shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def importance(self) -> Floats:
        """Return zeros: weights of hashed features do not tell their columns."""
        return np.zeros(self._width)

    def save(self, folder: Path) -> None:
        """Write Vowpal Wabbit's own file, the line encoder and the scale."""
        (folder / _MODEL).write_bytes(self._raw)
        np.savez_compressed(folder / _ENCODER, allow_pickle=False, **self._encoder.to_arrays())
        document = {
            "classes": self._classes,
            "scale": self._scale.to_dict(),
            "width": self._width,
        }
        (folder / _DOCUMENT).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "VWPredictor":
        """Read what `save` wrote."""
        document = json.loads((folder / _DOCUMENT).read_text(encoding="utf-8"))
        with np.load(folder / _ENCODER, allow_pickle=False) as file:
            encoder = LineEncoder.from_arrays(dict(file))
        return cls(
            (folder / _MODEL).read_bytes(),
            encoder,
            document["classes"],
            TargetScale.from_dict(document["scale"]),
            document["width"],
        )
