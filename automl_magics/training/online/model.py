"""A model that was learned in one pass: rows in, predictions out, by Vowpal Wabbit."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.training.frames import Floats, columns_of
from automl_magics.training.label import Label
from automl_magics.training.online.lines import Lines

if TYPE_CHECKING:
    import pandas as pd

KIND = "online"
MODEL = "model.vw"
EXAMPLE = "example.txt"


@dataclass(frozen=True)
class OnlineModel:
    """Everything that prediction needs."""

    problem_type: ProblemType
    label: Label
    lines: Lines
    raw: bytes
    """The model in Vowpal Wabbit's own format."""
    threshold: float = 0.5
    shares: Mapping[str, float] = field(default_factory=dict)
    example: str = ""
    """A few lines in the format that the model reads."""

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The classes in ascending order; None for regression."""
        return self.label.classes

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """The columns that rows must have, with what they held in training."""
        return {column.name: column.type for column in self.lines.columns}

    @property
    def output_columns(self) -> list[str]:
        """The columns that `predict` returns."""
        return ["prediction", *(f"probability_{name}" for name in self.label.class_names)]

    @property
    def libraries(self) -> tuple[str, ...]:
        """The distributions that it predicts with, beside this one."""
        return ("numpy", "pandas", "pyarrow", "vowpalwabbit")

    def predict(self, frame: Any) -> "pd.DataFrame":
        """Predict rows as `automl_magics.training.model.TrainedModel.predict` does."""
        import pandas as pd

        index = frame.index if isinstance(frame, pd.DataFrame) else None
        return self.frame(self.predict_raw(frame), index)

    def frame(self, raw: Floats, index: "pd.Index[Any] | None" = None) -> "pd.DataFrame":
        """Return raw predictions as `predict` does."""
        import pandas as pd

        if self.label.classes is None:
            return pd.DataFrame({"prediction": raw}, index=index)
        codes = raw.argmax(axis=1)
        if raw.shape[1] == 2:
            codes = (raw[:, 1] > self.threshold).astype(np.int64)
        columns = dict(zip(self.output_columns, (self.label.decode(codes), *raw.T), strict=True))
        return pd.DataFrame(columns, index=index)

    def predict_raw(self, frame: Any) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        found = columns_of(frame)
        absent = [column.name for column in self.lines.columns if column.name not in found]
        if absent:
            raise InvalidInput(
                f"The rows lack a column that the model needs: '{absent[0]}'.",
                hint=did_you_mean(absent[0], found),
            )
        classes = len(self.label.classes or ())
        written = self.lines.write(frame).to_pylist()
        raw = np.array([self._workspace.predict(line) for line in written], dtype=np.float64)
        if classes > 2:
            shares: Floats = raw.reshape(-1, classes) + 1e-9
            shares /= shares.sum(axis=1, keepdims=True)
            return shares
        return np.column_stack([1.0 - raw, raw]) if classes else raw

    @cached_property
    def _workspace(self) -> Any:
        import vowpalwabbit

        options = ["--testonly", "--quiet"]
        if len(self.label.classes or ()) > 2:  # the file does not say how sums were meant
            options += ["--probabilities", "--loss_function", "logistic"]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / MODEL
            path.write_bytes(self.raw)
            return vowpalwabbit.Workspace(arg_list=["-i", str(path), *options])

    def importance(self) -> dict[str, float]:
        """Return each column's share, summing to 1, largest first."""
        return dict(sorted(self.shares.items(), key=lambda pair: (-pair[1], pair[0])))

    def save(self, folder: Path) -> None:
        """Write JSON, and the file that ``vw -i`` reads beside a few lines of its input."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "kind": KIND,
            "problem_type": self.problem_type,
            "label": self.label.to_dict(),
            "lines": self.lines.to_dict(),
            "threshold": self.threshold,
            "shares": dict(self.shares),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")
        (folder / MODEL).write_bytes(self.raw)
        (folder / EXAMPLE).write_text(self.example, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "OnlineModel":
        """Read what `save` wrote; it predicts bit for bit the same."""
        document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return cls(
            problem_type=ProblemType(document["problem_type"]),
            label=Label.from_dict(document["label"]),
            lines=Lines.from_dict(document["lines"]),
            raw=(folder / MODEL).read_bytes(),
            threshold=document["threshold"],
            shares=document["shares"],
            example=(folder / EXAMPLE).read_text(encoding="utf-8"),
        )
