"""A trained model: rows in, predictions out, and plain files on disk."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import ProblemType
from automl_magics.training.blend import Blend
from automl_magics.training.encoding import Encoder
from automl_magics.training.frames import Floats
from automl_magics.training.label import Class, Label
from automl_magics.training.metrics import find_metric
from automl_magics.training.networks.checks import libraries_of

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = 2


@dataclass(frozen=True)
class TrainedModel:
    """Everything that prediction needs."""

    problem_type: ProblemType
    label: Label
    encoder: Encoder
    predictor: Blend
    threshold: float = 0.5
    """Of two classes the second is predicted where its probability is above."""
    metric: str | None = None
    score: float | None = None
    """The metric of the whole on rows that it has not learned from."""
    usual: tuple[float, ...] = ()
    """What is said of rows of which nothing is known: each class's share, or the label's mean;
    empty where the model has learned what such rows are like."""
    details: ClassVar[tuple[str, ...]] = ()
    """Further fields, of JSON's types, that a kind of model keeps."""

    def predict(self, frame: Any) -> "pd.DataFrame":
        """Predict rows of a DataFrame or an Arrow table, in their order and with their index.

        Returns
        -------
        A frame with the column ``prediction``, in the label's own type, and for classifiers
        ``probability_<class>`` for each class in class order. Raises `InvalidInput` for missing
        columns; further columns are ignored.
        """
        import pandas as pd

        index = frame.index if isinstance(frame, pd.DataFrame) else None
        return self.frame(self.predict_raw(frame), index)

    def frame(self, raw: Floats, index: "pd.Index[Any] | None" = None) -> "pd.DataFrame":
        """Return raw predictions as `predict` does."""
        import pandas as pd

        if self.label.classes is None:
            return pd.DataFrame({"prediction": raw}, index=index)
        chosen = self.label.decode(self.codes(raw))
        columns = dict(zip(self.output_columns, (chosen, *raw.T), strict=True))
        return pd.DataFrame(columns, index=index)

    def predict_raw(self, frame: Any) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        features = self.encoder.transform(frame)
        if not len(features):
            return np.empty((0, len(self.label.classes)) if self.label.classes else 0)
        found = self.predictor.predict(features)
        if self.usual:
            unknown = self.encoder.unknown(features)
            found[unknown] = self.usual if self.label.classes else self.usual[0]
        return found

    def codes(self, raw: Floats) -> NDArray[np.int64]:
        """Return the class codes that raw predictions decide for."""
        if raw.shape[1] == 2:
            return (raw[:, 1] > self.threshold).astype(np.int64)
        codes: NDArray[np.int64] = raw.argmax(axis=1)
        return codes

    @property
    def classes(self) -> tuple[Class, ...] | None:
        """The classes in ascending order; None for regression."""
        return self.label.classes

    @property
    def _higher_is_better(self) -> bool:
        return self.metric is None or find_metric(self.metric, self.problem_type).higher_is_better

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """The columns that rows must have, with what they held in training."""
        return dict(self.encoder.types)

    @property
    def output_columns(self) -> list[str]:
        """The columns that `predict` returns."""
        return ["prediction", *(f"probability_{name}" for name in self.label.class_names)]

    @property
    def libraries(self) -> tuple[str, ...]:
        """The distributions that it predicts with, beside this one."""
        networks = [name for kind in self.encoder.networks for name in libraries_of(kind)]
        usual = ("lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "xgboost")
        return (*usual, *dict.fromkeys(networks))

    def importance(self) -> dict[str, float]:
        """Return each column's share of the gain, summing to 1, largest first."""
        shares = dict.fromkeys(self.encoder.encoders, 0.0)
        for column, gain in zip(self.encoder.sources, self.predictor.importance(), strict=True):
            shares[column] += float(gain)
        if len(shares) == 1:  # networks tell of no gain, but there is nothing else to look at
            return dict.fromkeys(shares, 1.0)
        total = sum(shares.values()) or 1.0
        ranked = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
        return {column: gain / total for column, gain in ranked}

    def compact(self) -> "Compact":
        """Return one single model in place of the ensemble, and what that costs.

        It is the one that is best alone: a fraction of the size and of the time to predict.
        """
        bags = self.predictor.bags
        sign = 1.0 if self._higher_is_better else -1.0
        best = max(bags, key=lambda bag: -math.inf if bag.score is None else sign * bag.score)
        alone = replace(best, weight=1.0, predictors=best.predictors[:1])
        models = sum(len(bag.predictors) for bag in bags)
        blend = Blend((alone,), self.predictor.temperature if len(bags) == 1 else 1.0)
        model = replace(self, predictor=blend, score=best.score)
        return Compact(model, self.metric, self.score, best.score, models)

    def save(self, folder: Path) -> None:
        """Write the model as JSON and the predictor's own text files; the folder is made."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "format": _FORMAT,
            "problem_type": self.problem_type,
            "threshold": self.threshold,
            "metric": self.metric,
            "score": self.score,
            "usual": list(self.usual),
            "label": self.label.to_dict(),
            "encoder": self.encoder.to_dict(),
            **{name: getattr(self, name) for name in self.details},
        }
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")
        self.encoder.save_files(folder)
        predictor_folder = folder / "predictor"
        predictor_folder.mkdir(exist_ok=True)
        self.predictor.save(predictor_folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; it predicts bit for bit the same."""
        text = (folder / "model.json").read_text(encoding="utf-8")
        document: Mapping[str, Any] = json.loads(text)
        return cls(
            problem_type=ProblemType(document["problem_type"]),
            label=Label.from_dict(document["label"]),
            encoder=Encoder.from_dict(document["encoder"], folder),
            predictor=Blend.load(folder / "predictor"),
            threshold=document["threshold"],
            metric=document["metric"],
            score=document["score"],
            usual=tuple(document.get("usual", ())),
            **{name: document[name] for name in cls.details},
        )


@dataclass(frozen=True)
class Compact:
    """One model in place of many."""

    model: TrainedModel
    metric: str | None
    score_before: float | None
    """The ensemble's metric on rows that it has not learned from."""
    score: float | None
    """That of the one model."""
    models_before: int
