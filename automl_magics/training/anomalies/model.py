"""A trained detector of anomalies: rows in; score, flag and what made a row strange out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import ProblemType
from automl_magics.training.anomalies.scores import Detectors
from automl_magics.training.anomalies.seasons import Seasons
from automl_magics.training.blend import Blend
from automl_magics.training.encoding import Encoded, Encoder
from automl_magics.training.frames import Floats

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = 1
_MOST_REASONS = 3
_CELLS = 5_000_000
"""Of altered rows that are scored at once."""


@dataclass(frozen=True)
class AnomalyModel:
    """Detectors, and where there were labels enough a classifier that has their scores too."""

    encoder: Encoder
    detectors: Detectors
    threshold: float
    """A row whose score lies above is flagged."""
    usual: Floats
    """Each feature's median, of a category its most frequent code."""
    seasons: Seasons
    classifier: Blend | None = None
    shares: Mapping[str, float] | None = None
    """Each column's share in what made the flagged rows of training strange."""

    @property
    def problem_type(self) -> ProblemType:
        """What kind of problem it solves."""
        return ProblemType.ANOMALY_DETECTION

    def predict(self, frame: Any) -> "pd.DataFrame":
        """Tell anomalies among rows of a DataFrame or an Arrow table.

        Returns
        -------
        A frame with ``prediction``, true for an anomaly; ``score``, 0 to 1, higher is stranger (of
        a classifier the probability); and ``reasons``, of an anomaly up to three columns by whose
        usual value the score would fall most, else an empty text.
        """
        import pandas as pd

        index = frame.index if isinstance(frame, pd.DataFrame) else None
        features = self.encode(frame)
        scores = self.score(features)
        flagged = scores > self.threshold
        reasons = np.full(len(scores), "", dtype=object)
        falls = self.falls(features.take(np.flatnonzero(flagged)))
        reasons[flagged] = [self._reasons(row) for row in falls]
        columns = {"prediction": flagged, "score": scores, "reasons": reasons}
        return pd.DataFrame(columns, index=index)

    def encode(self, frame: Any) -> Encoded:
        """Return rows as the detectors see them."""
        return self.encoder.transform(self.seasons.extend(frame))

    def score(self, features: Encoded) -> Floats:
        """Return how strange rows are."""
        if not len(features):
            return np.zeros(0)
        if self.classifier is None:
            return self.detectors.score(features)
        places = self.detectors.places(features)
        found: Floats = self.classifier.predict(with_places(features, places))[:, 1]
        return found

    def falls(self, features: Encoded) -> Floats:
        """Return by how much each row's score falls with a column's usual value: (rows, columns).

        What a column says of its season goes with it.
        """
        scores, columns = self.score(features), self.columns
        sources = np.array([self.seasons.origin(source) for source in features.sources])
        found = np.zeros((len(features), len(columns)))
        step = max(1, _CELLS // max(1, features.values.shape[1]))
        for place, column in enumerate(columns):
            for begin in range(0, len(features), step):
                part = slice(begin, begin + step)
                values = features.values[part].copy()
                values[:, sources == column] = self.usual[sources == column]
                altered = self.score(replace(features, values=values))
                found[part, place] = scores[part] - altered
        return found

    @property
    def columns(self) -> list[str]:
        """The columns that it looks at."""
        return list(dict.fromkeys(self.seasons.origin(name) for name in self.encoder.types))

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """The columns that `predict` looks at, with what they held in training."""
        own = {name: kind for name, kind in self.encoder.types.items() if name in self.columns}
        return {**own, **self.seasons.input_columns}

    @property
    def output_columns(self) -> list[str]:
        """The columns that `predict` returns."""
        return ["prediction", "score", "reasons"]

    @property
    def libraries(self) -> tuple[str, ...]:
        """The distributions that it predicts with, beside this one."""
        boosters = () if self.classifier is None else ("lightgbm", "xgboost")
        return (*boosters, "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")

    def importance(self) -> dict[str, float]:
        """Return each column's share in what made rows strange, summing to 1, largest first."""
        shares = self.shares or {}
        return dict(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))

    def save(self, folder: Path) -> None:
        """Write plain files to a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "format": _FORMAT,
            "problem_type": self.problem_type,
            "threshold": self.threshold,
            "usual": [None if np.isnan(value) else value for value in self.usual.tolist()],
            "shares": dict(self.importance()),
            "seasons": self.seasons.to_dict(),
            "encoder": self.encoder.to_dict(),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")
        self.detectors.save(folder)
        if self.classifier is not None:
            (folder / "classifier").mkdir(exist_ok=True)
            self.classifier.save(folder / "classifier")

    @classmethod
    def load(cls, folder: Path) -> "AnomalyModel":
        """Read what `save` wrote; it predicts bit for bit the same."""
        document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        classifier = folder / "classifier"
        return cls(
            encoder=Encoder.from_dict(document["encoder"]),
            detectors=Detectors.load(folder),
            threshold=document["threshold"],
            usual=np.array(document["usual"], dtype=np.float64),
            seasons=Seasons.from_dict(document["seasons"]),
            classifier=Blend.load(classifier) if classifier.exists() else None,
            shares=document["shares"],
        )

    def _reasons(self, falls: Floats) -> str:
        most = np.argsort(-falls, kind="stable")[:_MOST_REASONS]
        return ", ".join(self.columns[place] for place in most if falls[place] > 0)


def with_places(features: Encoded, places: Floats) -> Encoded:
    """Return features with the detectors' places after them."""
    names = tuple(f"detector {number}" for number in range(1, places.shape[1] + 1))
    return Encoded(
        np.hstack([features.values, places]),
        (*features.names, *names),
        (*features.sources, *names),
        features.categorical,
    )


def usual_values(features: Encoded) -> Floats:
    """Return each feature's median, of a category its most frequent code."""
    usual = np.full(features.values.shape[1], np.nan)
    for place, column in enumerate(features.values.T):
        known = column[~np.isnan(column)]
        if len(known) and place in features.categorical:
            usual[place] = float(np.bincount(known.astype(np.int64)).argmax())
        elif len(known):
            usual[place] = float(np.median(known))
    return usual
