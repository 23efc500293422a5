"""Linear and logistic regression on what texts hold, with the other columns beside it.

A configuration ``counts`` learns from the TF-IDF vectors as they are; ``ratios``, of two classes,
from vectors in which each n-gram counts by how differently the classes of the training rows use it
(Wang, Manning, Baselines and Bigrams, ACL 2012). Penalties are tried as in `linear`.
"""

import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.enums import ModelFamily
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    Floats,
    FoldFit,
    TrainingData,
)
from automl_magics.training.algorithms.dense import (
    DenseEncoder,
    ExactWeights,
    Singles,
    Style,
)
from automl_magics.training.algorithms.layers import label_limits, probabilities
from automl_magics.training.algorithms.penalties import PenaltyPath
from automl_magics.training.algorithms.targets import TargetScale, learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.split import Fold

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

STYLES = ("counts", "ratios")
PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7)
"""From strong to weak."""
_BESIDE = 0.3
"""A column of size one beside texts, whose vectors have length one, counts so much of that."""
_FILE, _DOCUMENT = "sparse.npz", "sparse.json"


def sparse_configurations(data: TrainingData) -> list[Configuration]:
    """Return the configurations for data with texts."""
    if data.features.sparse is None or data.target.ndim != 1:
        return []
    styles = STYLES if data.classes == 2 else STYLES[:1]
    return [
        Configuration(f"linear-{style}", ModelFamily.LINEAR, {"style": style}) for style in styles
    ]


def beside(features: Encoded) -> NDArray[np.int64]:
    """Return which dense features are not made of n-grams: other columns, texts' sizes."""
    sparse = features.sparse
    apart = {} if sparse is None else dict(zip(sparse.columns, sparse.apart, strict=True))
    seen = dict.fromkeys(apart, 0)
    places = []
    for place, source in enumerate(features.sources):
        if source in seen:
            seen[source] += 1
        if source not in seen or seen[source] <= apart[source]:
            places.append(place)
    return np.array(places, dtype=np.int64)


def only(features: Encoded, places: NDArray[np.int64]) -> Encoded:
    """Return some of the dense features."""
    coded = set(features.categorical)
    return Encoded(
        features.values[:, places],
        tuple(features.names[place] for place in places),
        tuple(features.sources[place] for place in places),
        tuple(at for at, place in enumerate(places.tolist()) if place in coded),
    )


class SparseLinearTrainer:
    """Solves on rows of n-grams and, beside them, of the other columns."""

    def __init__(self, data: TrainingData) -> None:
        self.data = data
        self._seconds: float | None = None

    def cost(self, folds: Sequence[Fold]) -> Cost:
        """Predict from earlier fits and from the size of the sparse rows."""
        sparse = self.data.features.sparse
        size = 0 if sparse is None else sparse.nbytes
        outputs = max(1, self.data.classes)
        width = 0 if sparse is None else sparse.width
        memory = int((len(folds) + 2) * 1.5 * size + len(folds) * 40 * width * outputs)
        if self._seconds is None:
            return Cost(memory=memory)
        seconds = self._seconds * len(folds)
        return Cost(seconds / len(PENALTIES), seconds, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Solve for ever weaker penalties until the validation rows call a halt."""
        begun = time.perf_counter()
        ratios = configuration.parameters["style"] == "ratios"
        prepared = [_Prepared(self, fold, ratios=ratios) for fold in folds]
        path = PenaltyPath(self.data, prepared, PENALTIES)
        path.run(configuration, slot, first=first)
        if not path.best:
            raise FitError("no penalty was solved for within the slot")
        seconds = time.perf_counter() - begun
        self._seconds = seconds / len(folds)
        return Fit(
            configuration=configuration,
            folds=tuple(path.best),
            parameters={**configuration.parameters, "penalty": path.best_penalty},
            complete=path.complete,
            seconds=seconds,
            predict_seconds=path.predict_seconds,
        )

    @cached_property
    def target(self) -> Any:
        """The label as it is learned."""
        return learned_target(self.data)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """The dense features that are learned from."""
        return beside(self.data.features)

    @cached_property
    def encoder(self) -> DenseEncoder:
        """What scales them, without looking at the label."""
        features = only(self.data.features, self.places)
        return DenseEncoder.fit(features, Style.NORMAL, seed=self.data.seed)

    @cached_property
    def matrix(self) -> "csr_matrix":
        """All rows: n-grams, then the other columns."""
        from scipy.sparse import csr_matrix, hstack

        features = self.data.features
        if features.sparse is None:
            msg = "there are no sparse features"
            raise FitError(msg)
        dense = self.encoder.transform(only(features, self.places)) * np.float32(_BESIDE)
        return hstack([features.sparse.values, csr_matrix(dense)], format="csr", dtype=np.float32)


class _Prepared:
    """A fold's rows with their solver, as `PenaltyPath` wants it."""

    def __init__(self, trainer: SparseLinearTrainer, fold: Fold, *, ratios: bool) -> None:
        self.fold = fold
        self._trainer = trainer
        data, target = trainer.data, trainer.target
        rows, values = trainer.matrix[fold.train], target.values[fold.train]
        weights = np.ones(len(fold.train))
        if target.weights is not None:
            weights = target.weights[fold.train]
        self.factors = _ratios(rows, values, weights) if ratios else None
        if self.factors is not None:
            rows = rows.multiply(self.factors).tocsr().astype(np.float32)
        if data.classes:
            self.solver: _Classes | _Values = _Classes(rows, values, weights, data)
        else:
            self.solver = _Values(rows, values, weights)
        self._deviations = np.sqrt(np.asarray(rows.multiply(rows).mean(axis=0)).ravel())

    def fit(self) -> FoldFit:
        """Return what the solver has found."""
        trainer, data = self._trainer, self._trainer.data
        weights, offsets = self.solver.solution
        spread = np.abs(weights).sum(axis=1) * self._deviations
        if self.factors is not None:
            weights = weights * self.factors[:, None]
        width = trainer.matrix.shape[1] - trainer.encoder.width
        predictor = SparsePredictor(
            encoder=trainer.encoder,
            places=trainer.places,
            grams=weights[:width].astype(np.float32),
            others=(weights[width:] * _BESIDE).astype(np.float32),
            offsets=offsets.astype(np.float64),
            classes=data.classes,
            scale=trainer.target.scale,
            limits=label_limits(trainer.target.values),
            gains=self._gains(spread, width),
        )
        held = data.features.take(self.fold.validation)
        return FoldFit(predictor, predictor.predict(held))

    def _gains(self, spread: Floats, width: int) -> Floats:
        """Give what n-grams are worth to the first dense feature of their column."""
        trainer = self._trainer
        features = trainer.data.features
        gains = np.zeros(features.values.shape[1])
        np.add.at(gains, trainer.places[trainer.encoder.features], spread[width:])
        if features.sparse is not None:
            for column in features.sparse.columns:
                gains[features.sources.index(column)] += spread[features.sparse.span(column)].sum()
        return gains


def _ratios(rows: "csr_matrix", target: Floats, weights: Floats) -> Floats:
    """Return log ratios of how much the rows of two classes have of each column."""
    sums = [np.asarray(rows.T @ (weights * (target == code))).ravel() for code in (0, 1)]
    shares = [np.maximum(of, 0.0) + 1.0 for of in sums]
    found = np.log(shares[1] / shares[1].sum()) - np.log(shares[0] / shares[0].sum())
    spread = float(np.sqrt(np.mean(found**2))) or 1.0
    factors: Floats = np.asarray(found / spread, dtype=np.float64)
    return factors


class _Classes:
    """Logistic regression: coordinate descent for two classes, Newton's method for more."""

    def __init__(
        self, rows: "csr_matrix", target: Floats, weights: Floats, data: TrainingData
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        self._rows, self._target, self._weights = rows, target.astype(np.int64), weights
        self._classes = data.classes
        self._present = np.unique(self._target)
        if len(self._present) < 2:
            raise FitError("the training rows hold one class only")
        options: dict[str, Any] = (
            {"solver": "liblinear", "dual": True, "max_iter": 50}
            if len(self._present) == 2
            else {"solver": "newton-cg", "warm_start": True, "max_iter": 40}
        )
        self._model = LogisticRegression(tol=1e-4, random_state=data.seed, **options)

    @property
    def deviations(self) -> Floats:
        """Not asked for here."""
        return np.zeros(self._rows.shape[1])

    @property
    def solution(self) -> tuple[Floats, Floats]:
        """Weights and offsets with an output for each class, or one for two classes."""
        weights, offsets = self._model.coef_.T, self._model.intercept_
        if len(self._present) == self._classes:
            return np.asarray(weights, np.float64), np.asarray(offsets, np.float64)
        if len(self._present) == 2:  # what one output says, as two
            weights, offsets = np.hstack([-weights, weights]) / 2, np.append(-offsets, offsets) / 2
        all_weights = np.zeros((weights.shape[0], self._classes))
        all_offsets = np.full(self._classes, offsets.min() - 10.0)
        all_weights[:, self._present] = weights
        all_offsets[self._present] = offsets
        return all_weights, all_offsets

    def solve(self, penalty: float, slot: Slot, *, at_least: bool) -> bool:
        """Solve for a penalty."""
        if slot.over and not at_least:
            return False
        self._model.C = 1.0 / (penalty * self._weights.sum())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged: good enough
            self._model.fit(self._rows, self._target, self._weights)
        if not np.isfinite(self._model.coef_).all():
            raise FitError("the solver found no finite coefficients")
        return True


class _Values:
    """Least squares with a ridge penalty by conjugate gradients."""

    def __init__(self, rows: "csr_matrix", target: Floats, weights: Floats) -> None:
        from sklearn.linear_model import Ridge

        self._rows, self._target, self._weights = rows, target, weights
        self._model = Ridge(solver="sparse_cg", tol=1e-4, max_iter=200)

    @property
    def deviations(self) -> Floats:
        """Not asked for here."""
        return np.zeros(self._rows.shape[1])

    @property
    def solution(self) -> tuple[Floats, Floats]:
        """Weights (columns, 1) and offset (1,)."""
        return self._model.coef_.reshape(-1, 1), np.array([float(self._model.intercept_)])

    def solve(self, penalty: float, slot: Slot, *, at_least: bool) -> bool:
        """Solve for a penalty, of which a value asks for a hundred times what a class does."""
        if slot.over and not at_least:
            return False
        self._model.alpha = 100 * penalty * self._weights.sum()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._model.fit(self._rows, self._target, self._weights)
        return bool(np.isfinite(self._model.coef_).all())


@dataclass(frozen=True)
class SparsePredictor:
    """A linear model of n-grams and other columns."""

    encoder: DenseEncoder
    places: NDArray[np.int64]
    grams: Singles
    """(n-grams, outputs)"""
    others: Singles
    """(other columns' matrix, outputs)"""
    offsets: Floats
    classes: int
    scale: TargetScale
    limits: tuple[float, float]
    gains: Floats

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        if features.sparse is None:
            msg = "the model needs texts"
            raise ValueError(msg)
        raw = np.asarray(features.sparse.values @ self.grams, dtype=np.float64) + self.offsets
        dense = self.encoder.transform(only(features, self.places))
        raw += ExactWeights(self.others).products(dense)
        if not self.classes:
            return self.scale.label(np.clip(raw[:, 0], *self.limits))
        return probabilities(raw)

    def importance(self) -> Floats:
        """Return each dense feature's share; a column's first one has that of its n-grams."""
        return self.gains

    def save(self, folder: Path) -> None:
        """Write arrays, and the rest as JSON."""
        arrays: dict[str, NDArray[Any]] = {
            "places": self.places,
            "grams": self.grams,
            "others": self.others,
            "offsets": self.offsets,
            "gains": self.gains,
            **{f"encoder_{name}": of for name, of in self.encoder.to_arrays().items()},
        }
        np.savez_compressed(folder / _FILE, allow_pickle=False, **arrays)
        document = {
            "classes": self.classes, "scale": self.scale.to_dict(), "limits": self.limits
        }  # fmt: skip
        (folder / _DOCUMENT).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def saved_in(cls, folder: Path) -> "SparsePredictor | None":
        """Read what `save` wrote; None in a folder of another model."""
        if not (folder / _DOCUMENT).exists():
            return None
        document: Mapping[str, Any] = json.loads((folder / _DOCUMENT).read_text(encoding="utf-8"))
        with np.load(folder / _FILE, allow_pickle=False) as file:
            arrays = dict(file)
        return cls(
            encoder=DenseEncoder.from_arrays(
                {
                    name.removeprefix("encoder_"): of
                    for name, of in arrays.items()
                    if name.startswith("encoder_")
                }
            ),
            places=arrays["places"],
            grams=arrays["grams"],
            others=arrays["others"],
            offsets=arrays["offsets"],
            classes=document["classes"],
            scale=TargetScale.from_dict(document["scale"]),
            limits=(document["limits"][0], document["limits"][1]),
            gains=arrays["gains"],
        )
