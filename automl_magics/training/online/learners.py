"""Vowpal Wabbit as processes of their own, which learn the lines that they are given."""

import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_magics.contracts.errors import TrainingError, first_line
from automl_magics.training.frames import Floats

_WAITING = 2
"""Batches that may wait for a learner."""


@dataclass(frozen=True)
class Way:
    """One way to learn."""

    candidate: str
    parameters: Mapping[str, Any]
    """JSON's types only."""


def ways(*, texts: bool, columns: int) -> list[Way]:
    """Return the ways to learn, which are all tried in the same pass."""
    bits = 22
    plain = Way("vw-online", {"learning_rate": 0.5, "bits": bits})
    if texts:
        return [plain, Way("vw-online-pairs", {"learning_rate": 0.3, "bits": bits, "ngram": 2})]
    if columns <= 60:
        return [plain, Way("vw-online-pairs", {"learning_rate": 0.2, "bits": bits, "pairs": True})]
    return [plain, Way("vw-online-slow", {"learning_rate": 0.1, "bits": bits})]


def options(way: Way, classes: int) -> list[str]:
    """Return Vowpal Wabbit's options."""
    of = way.parameters
    found = ["--learning_rate", str(of["learning_rate"]), "--bit_precision", str(of["bits"])]
    if of.get("pairs"):
        found += ["-q", "bb", "-q", "bc", "-q", "cc"]
    if "ngram" in of:
        found += ["--ngram", f"t{of['ngram']}"]
    if classes > 2:
        return [*found, "--loss_function", "logistic", "--oaa", str(classes), "--probabilities"]
    if classes:
        return [*found, "--loss_function", "logistic", "--link", "logistic"]
    return [*found, "--loss_function", "squared"]


class Learner:
    """One process, fed by a thread of its own.

    Parameters
    ----------
    folder
        Where it writes its model and what it predicts for each row before it learns it.
    """

    def __init__(self, way: Way, classes: int, folder: Path) -> None:
        self.way = way
        self.model = folder / f"{way.candidate}.vw"
        self._classes = classes
        self._predictions = folder / f"{way.candidate}.txt"
        self._errors = (folder / f"{way.candidate}.err").open("w+b")
        self._batches: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            [
                sys.executable, "-m", "vowpalwabbit", "--data", "/dev/stdin", "--quiet",
                "--final_regressor", str(self.model), "--predictions", str(self._predictions),
                *options(way, classes),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._errors,
        )  # fmt: skip
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()

    def learn(self, lines: bytes) -> None:
        """Give it lines; returns when it has room for more."""
        self._batches.put(lines)

    def finish(self) -> None:
        """Let it write its model; raises `TrainingError` when it could not."""
        self._batches.put(None)
        self._feeder.join()
        code = self._process.wait()
        if code or not self.model.exists():
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip() or f"code {code}"
            raise TrainingError(f"Vowpal Wabbit failed: {first_line(Exception(said))}")
        self._errors.close()

    def close(self) -> None:
        """End the process, if it is there still."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def predictions(self, last: int) -> Floats:
        """Return what it said of the last rows, each before it learned it."""
        lines = _last_lines(self._predictions, last)
        return decoded(lines, self._classes)

    def _feed(self) -> None:
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - for the type checker
        broken = False
        while (lines := self._batches.get()) is not None:
            if broken:
                continue
            try:
                stream.write(lines)
            except OSError:  # the process has ended; `finish` says why
                broken = True
        if not broken:
            stream.close()


def decoded(lines: list[str], classes: int) -> Floats:
    """Return predictions as numbers: probabilities (rows, classes) or values (rows,)."""
    if classes > 2:
        found = [[part.partition(":")[2] for part in line.split()] for line in lines]
        shares: Floats = np.array(found, dtype=np.float64).reshape(-1, classes) + 1e-9
        shares /= shares.sum(axis=1, keepdims=True)
        return shares
    raw = np.array([line.split()[0] for line in lines], dtype=np.float64)
    return np.column_stack([1.0 - raw, raw]) if classes else raw


def _last_lines(path: Path, count: int) -> list[str]:
    """Return a text file's last lines without reading what is before them."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        size = 64 * count
        while True:
            begin = max(0, end - size)
            file.seek(begin)
            lines = file.read().decode().splitlines()
            if begin == 0 or len(lines) > count:
                return lines[-count:]
            size *= 2
