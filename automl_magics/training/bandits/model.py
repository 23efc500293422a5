"""A trained bandit: rows in, a distribution over actions out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import ProblemType
from automl_magics.training.algorithms.vw_text import LineEncoder
from automl_magics.training.bandits.learner import Player
from automl_magics.training.encoding import Encoder
from automl_magics.training.label import Label

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = 1
_MODEL, _ENCODER = "model.vw", "encoder.npz"


@dataclass(frozen=True)
class BanditModel:
    """Everything that choosing an action needs."""

    actions: Label
    encoder: Encoder
    lines: LineEncoder
    raw: bytes
    """The policy in Vowpal Wabbit's own format."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """How much each column counts for the reward."""

    @property
    def problem_type(self) -> ProblemType:
        """It is a bandit."""
        return ProblemType.CONTEXTUAL_BANDIT

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """The columns of the context, with what they held in training."""
        return dict(self.encoder.types)

    @property
    def output_columns(self) -> list[str]:
        """The likeliest action and the probability of each."""
        return ["prediction", *(f"probability_{name}" for name in self.actions.class_names)]

    @property
    def libraries(self) -> tuple[str, ...]:
        """The distributions that it predicts with, beside this one."""
        return ("numpy", "pandas", "pyarrow", "scikit-learn", "vowpalwabbit")

    def predict(self, frame: Any) -> "pd.DataFrame":
        """Return the likeliest action and the distribution to draw one from, for each row.

        Who draws from it logs the drawn action's probability, so that the next policy can be
        learned from the log. Raises `InvalidInput` for missing columns.
        """
        import pandas as pd

        index = frame.index if isinstance(frame, pd.DataFrame) else None
        features = self.encoder.transform(frame)
        contexts = (
            [f"shared {line}" for line in self.lines.lines(features)] if len(features) else []
        )
        policy = Player(self.raw, len(self.actions.classes or ())).predict(contexts)
        chosen = self.actions.decode(policy.argmax(axis=1))
        columns = dict(zip(self.output_columns, (chosen, *policy.T), strict=True))
        return pd.DataFrame(columns, index=index)

    def importance(self) -> dict[str, float]:
        """Return each column's share, summing to 1, largest first."""
        return dict(sorted(self.shares.items(), key=lambda pair: (-pair[1], pair[0])))

    def save(self, folder: Path) -> None:
        """Write JSON, the line encoder and Vowpal Wabbit's own file; the folder is made."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "format": _FORMAT,
            "problem_type": self.problem_type,
            "actions": self.actions.to_dict(),
            "encoder": self.encoder.to_dict(),
            "shares": dict(self.shares),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")
        (folder / _MODEL).write_bytes(self.raw)
        np.savez_compressed(folder / _ENCODER, allow_pickle=False, **self.lines.to_arrays())

    @classmethod
    def load(cls, folder: Path) -> "BanditModel":
        """Read what `save` wrote; it predicts bit for bit the same."""
        document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / _ENCODER, allow_pickle=False) as file:
            lines = LineEncoder.from_arrays(dict(file))
        return cls(
            Label.from_dict(document["actions"]),
            Encoder.from_dict(document["encoder"]),
            lines,
            (folder / _MODEL).read_bytes(),
            document["shares"],
        )
