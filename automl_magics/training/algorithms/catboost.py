"""Gradient-boosted trees by CatBoost, where it is installed; nothing here needs it.

CatBoost trains a model in one go. Folds are boosted one after the other, each with its share of the
slot, and all are cut to the rounds that are best over the mean of their validation rows.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import catboost
import numpy as np

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
from automl_magics.training.algorithms.targets import TargetScale, learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import Objective
from automl_magics.training.split import Fold

if TYPE_CHECKING:
    import pandas as pd

_ROUNDS = 1000
_PATIENCE = 50
_USABLE = 30
_PORTFOLIO: dict[str, dict[str, Any]] = {
    "default": {"depth": 6},
    "deep": {"depth": 8, "l2_leaf_reg": 5.0, "random_strength": 2.0},
    "shallow": {"depth": 4, "l2_leaf_reg": 1.0},
}


@dataclass(frozen=True)
class CatBoost:
    """The CatBoost family."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:  # noqa: ARG002
        """Return CatBoost's own defaults, a deeper and a shallower one."""
        return [
            Configuration(f"catboost-{key}", ModelFamily.CATBOOST, values)
            for key, values in _PORTFOLIO.items()
        ]

    def trainer(self, data: TrainingData) -> "CatBoostTrainer":
        """Prepare for many fits."""
        return CatBoostTrainer(data)

    def load(self, folder: Path) -> "CatBoostPredictor":
        """Read a model."""
        document = json.loads((folder / "catboost.json").read_text(encoding="utf-8"))
        raw = (folder / "model.cbm").read_bytes()
        return CatBoostPredictor(raw, document["classes"], TargetScale.from_dict(document["scale"]))


ALGORITHMS = {ModelFamily.CATBOOST: CatBoost()}


class CatBoostPredictor:
    """A model, read from its own bytes so that a saved and loaded one is the same thing."""

    def __init__(self, raw: bytes, classes: int, scale: TargetScale) -> None:
        self._raw, self._classes, self._scale = raw, classes, scale
        self._model = catboost.CatBoost().load_model(blob=raw)

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        if not len(features):
            return np.empty((0, self._classes) if self._classes else 0)
        kind = "Probability" if self._classes else "RawFormulaVal"
        raw = self._model.predict(_frame(features), prediction_type=kind)
        return np.asarray(raw, np.float64) if self._classes else self._scale.label(raw)

    def importance(self) -> Floats:
        """Return each feature's share of what changes predictions."""
        found = self._model.get_feature_importance(type="PredictionValuesChange")
        return np.maximum(np.asarray(found, dtype=np.float64), 0.0)

    def save(self, folder: Path) -> None:
        """Write CatBoost's own file and the scale beside it."""
        (folder / "model.cbm").write_bytes(self._raw)
        document = {"classes": self._classes, "scale": self._scale.to_dict()}
        (folder / "catboost.json").write_text(json.dumps(document), encoding="utf-8")


class CatBoostTrainer:
    """Boosts one fold after the other."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._round_seconds: float | None = None

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from what a round cost before."""
        memory = 40 * self._data.features.values.size + int(2e8)
        if self._round_seconds is None:
            return Cost(memory=memory)
        each = self._round_seconds * len(folds)
        rounds = configuration.parameters.get("rounds", _ROUNDS)
        return Cost(min(_USABLE, rounds) * each, rounds * each, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Boost each fold, then cut all to the same number of rounds."""
        begun = time.perf_counter()
        wanted = configuration.parameters.get("rounds") if configuration.fixed else None
        boosted = []
        for at, fold in enumerate(folds):
            deadline = _Deadline(slot, slot.remaining / (len(folds) - at), _USABLE if first else 1)
            try:
                boosted.append((*self._boost(configuration, fold, wanted, deadline), deadline))
            except catboost.CatBoostError as error:
                raise FitError(str(error).splitlines()[0]) from error
        done = min(model.tree_count_ for model, *_ in boosted)
        if not done:
            raise FitError("no tree was grown")
        best = done
        if wanted is None and len(folds[0].validation):
            best = int(np.mean([curve[:done] for _, curve, _ in boosted], axis=0).argmin()) + 1
        seconds = time.perf_counter() - begun
        self._round_seconds = seconds / len(folds) / done
        complete = not any(deadline.cut for *_, deadline in boosted)
        fits = tuple(
            self._fold_fit(model, best, fold)
            for (model, *_), fold in zip(boosted, folds, strict=True)
        )
        return Fit(
            configuration=configuration,
            folds=fits,
            parameters={
                **configuration.parameters,
                "learning_rate": float(boosted[0][0].learning_rate_),
                "rounds": best,
            },
            complete=complete,
            seconds=seconds,
            predict_seconds=0.0,
        )

    def _boost(
        self, configuration: Configuration, fold: Fold, wanted: int | None, deadline: "_Deadline"
    ) -> tuple[Any, list[float]]:
        """Return a fold's model and the loss on its validation rows after each round."""
        options = {k: v for k, v in configuration.parameters.items() if k != "rounds"}
        if not self._data.classes:
            objective = {
                Objective.ABSOLUTE: "MAE",
                Objective.QUANTILE: f"Quantile:alpha={self._target.alpha}",
            }.get(self._target.objective, "RMSE")
        elif self._data.classes == 2:
            objective = "Logloss"
        else:
            objective = "MultiClass"
            options["classes_count"] = self._data.classes
        by_loss = wanted is None and len(fold.validation) > 0
        model = catboost.CatBoost(
            {
                **options,
                "loss_function": objective,
                "iterations": wanted or _ROUNDS,
                "random_seed": self._data.seed,
                "thread_count": self._data.threads,
                "allow_writing_files": False,
                "verbose": False,
                "use_best_model": False,
                **({"od_type": "Iter", "od_wait": _PATIENCE} if by_loss else {}),
            }
        )
        held = self._pool(fold.validation, fold) if by_loss else None
        model.fit(self._pool(fold.train, fold), eval_set=held, callbacks=[deadline])
        results = model.get_evals_result()
        return model, results["validation"][objective] if by_loss else []

    def _pool(self, rows: Any, fold: Fold) -> Any:
        features, target = self._data.rows(rows, fold), self._target
        values = target.values[rows]
        return catboost.Pool(
            _frame(features),
            values.astype(np.int64) if self._data.classes else values,
            weight=None if target.weights is None else target.weights[rows],
            cat_features=list(features.categorical),
        )

    def _fold_fit(self, model: Any, rounds: int, fold: Fold) -> FoldFit:
        if rounds < model.tree_count_:
            model.shrink(rounds)
        raw = bytes(model._serialize_model())  # noqa: SLF001 - else by way of a file
        predictor = CatBoostPredictor(raw, self._data.classes, self._target.scale)
        return FoldFit(predictor, predictor.predict(self._data.rows(fold.validation, fold)))


class _Deadline:
    """Ends the boosting when a fold's share of the slot is used up."""

    def __init__(self, slot: Slot, seconds: float, least: int) -> None:
        self.cut = False
        self._slot, self._ends, self._least = slot, time.monotonic() + seconds, least

    def after_iteration(self, info: Any) -> bool:
        """Tell CatBoost whether to go on."""
        over = time.monotonic() >= self._ends or self._slot.over
        self.cut = over and info.iteration >= self._least
        return not self.cut


def _frame(features: Encoded) -> "pd.DataFrame":
    """Return the features as CatBoost takes them: categories as whole numbers, -1 for missing."""
    import pandas as pd

    frame = pd.DataFrame(features.values)
    for at in features.categorical:
        frame[at] = np.nan_to_num(features.values[:, at], nan=-1.0).astype(np.int64)
    return frame
