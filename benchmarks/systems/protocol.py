"""What a system under test and `quality.py` say to each other, through files in one folder.

``job.json`` comes in: where the rows are, what to predict, the metric, the budget, the seed, and
when the process was started. ``answer.json`` and ``predictions.npy`` go out. No system imports
anything of another.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclass
class Job:
    """One run."""

    train: Path
    test: Path
    target: str
    problem_type: str
    metric: str
    budget: float
    seed: int
    threads: int
    started: float
    folder: Path
    options: dict[str, Any]

    @property
    def regression(self) -> bool:
        return self.problem_type == "regression"

    @classmethod
    def read(cls) -> "Job":
        folder = Path(sys.argv[1])
        document = json.loads((folder / "job.json").read_text())
        paths = {name: Path(document.pop(name)) for name in ("train", "test")}
        return cls(folder=folder, **paths, **document)

    def rows(self) -> tuple[pd.DataFrame, pd.Series]:
        frame = pd.read_parquet(self.train)
        return frame, frame.pop(self.target)

    def test_rows(self) -> pd.DataFrame:
        return pd.read_parquet(self.test).drop(columns=[self.target])

    def ready(self, model: Path | None = None, note: str = "") -> None:
        """Say that the model could predict now."""
        self._answer = {"ready": time.time() - self.started, "note": note}
        if model is not None and model.exists():
            files = [path for path in model.rglob("*") if path.is_file()]
            self._answer["model_bytes"] = sum(path.stat().st_size for path in files)

    def done(self, predictions: Any, classes: Any, seconds: float) -> None:
        """Hand over probabilities (rows, classes) in the order of ``classes``, or values."""
        np.save(self.folder / "predictions.npy", np.asarray(predictions, dtype=float))
        names = None if classes is None else [str(name) for name in classes]
        answer = {**self._answer, "predict": seconds, "classes": names}
        (self.folder / "answer.json").write_text(json.dumps(answer))
