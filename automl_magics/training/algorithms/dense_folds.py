"""Dense matrices of a data set's folds: encoded once, shared by the folds that can."""

from dataclasses import dataclass

from automl_magics.training.algorithms.base import TrainingData
from automl_magics.training.algorithms.dense import (
    MAX_WIDTH,
    MOST_LEVELS,
    PIECES,
    DenseEncoder,
    Singles,
    Style,
)
from automl_magics.training.encoding import Encoded
from automl_magics.training.split import Fold


@dataclass(frozen=True)
class DenseFold:
    """A fold's rows as dense matrices."""

    fold: Fold
    encoder: DenseEncoder
    train: Singles
    validation: Singles


class DenseFolds:
    """Keeps the matrix of all rows of each style that was asked for.

    The encoders never look at the target, so folds share them, unless a fold has an encoding of
    its own.
    """

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._encoders: dict[Style, DenseEncoder] = {}
        self._matrices: dict[Style, Singles] = {}

    def of(self, fold: Fold, style: Style) -> DenseFold:
        """Return a fold's matrices."""
        if fold.features is not None:
            encoder = self._fit(fold.features.take(fold.train), style)
            return DenseFold(
                fold,
                encoder,
                encoder.transform(fold.features.take(fold.train)),
                encoder.transform(fold.features.take(fold.validation)),
            )
        if style not in self._matrices:
            self._matrices[style] = self._encoder(style).transform(self._data.features)
        matrix = self._matrices[style]
        return DenseFold(fold, self._encoder(style), matrix[fold.train], matrix[fold.validation])

    def forget(self, style: Style) -> None:
        """Let go of a style's matrix; it is made anew when it is asked for."""
        if self._matrices.pop(style, None) is not None:
            self._encoders[style].forget(self._data.features)

    def memory(self, style: Style, folds: int) -> int:
        """Return the bytes of all rows' matrix and of the folds' parts of it."""
        features = self._data.features
        rows, width = len(features), int(features.values.shape[1])
        if style in self._encoders:
            width = self._encoders[style].width
        else:  # told without looking at the values
            width *= PIECES if style is Style.PIECES else 1
            width += MOST_LEVELS * len(features.categorical)
        return 4 * rows * min(width, 2 * MAX_WIDTH) * (1 + folds)

    def _encoder(self, style: Style) -> DenseEncoder:
        if style not in self._encoders:
            self._encoders[style] = self._fit(self._data.features, style)
        return self._encoders[style]

    def _fit(self, features: Encoded, style: Style) -> DenseEncoder:
        return DenseEncoder.fit(features, style, seed=self._data.seed)
