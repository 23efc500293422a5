"""Finished fits on disk, so that an interrupted search goes on and a finished one can be extended.

Each fit is a folder of its own, moved into place when it is whole. A fit is only taken up by a
search on the very same data and folds.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from automl_magics.contracts.training import Trial
from automl_magics.training.algorithms.base import Configuration, Fit, FoldFit, TrainingData
from automl_magics.training.blend import algorithm_name, load_predictor
from automl_magics.training.members import Member
from automl_magics.training.split import Fold

_RECORD = "fit.json"
_PLANNED = "planned_seconds"
T = TypeVar("T")


def planned_seconds(folder: Path | None, seconds: float) -> float:
    """Return the budget that a search's folds were planned for, which is noted the first time.

    One that is extended keeps its folds: fits on others could not be taken up.
    """
    return noted(folder if np.isfinite(seconds) else None, _PLANNED, lambda: seconds)


def noted(folder: Path | None, name: str, find: Callable[[], T]) -> T:
    """Return what an earlier search of this data has found by the clock, or find and note it.

    It is of JSON's types; None for the folder notes nothing.
    """
    if folder is None:
        return find()
    note = folder / name
    if note.exists():
        known: T = json.loads(note.read_text(encoding="utf-8"))
        return known
    found = find()
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(found), encoding="utf-8")
    return found


def gather_fits(folders: Iterable[Path], into: Path) -> None:
    """Move the finished fits of several searches of the same data into one folder.

    Parameters
    ----------
    into
        A new folder, which a search can then be given.
    """
    into.mkdir()
    number = 0
    for folder in folders:
        for note in filter(Path.is_file, folder.glob("*")):
            shutil.copy(note, into / note.name)
        for place in sorted(folder.glob(f"*/*/{_RECORD}")):
            number += 1
            goal = into / place.parent.parent.name / f"{number:04}"
            goal.parent.mkdir(exist_ok=True)
            place.parent.rename(goal)


class KeptFits:
    """The finished fits of one search in a folder.

    Parameters
    ----------
    folder
        Where they are; made when the first one is kept. None keeps nothing.
    """

    def __init__(self, folder: Path | None, data: TrainingData, folds: Sequence[Fold]) -> None:
        self._data = data
        self._folds = folds
        self._folder = None if folder is None else folder / _fingerprint(data, folds)

    def keep(self, trial: Trial, member: Member | None) -> None:
        """Write a trial with its models, if it has any."""
        if self._folder is None:
            return
        place = self._folder / f"{trial.number:04}"
        unfinished = place.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        record: dict[str, Any] = {"trial": trial.model_dump(mode="json")}
        if member is not None:
            record["configuration"] = _as_json(member.configuration)
            record["again"] = _as_json(member.again)
            record["fold_seconds"] = member.seconds
            record["score"] = member.score
            record["folds"] = sorted(member.by_fold)
            for number, part in member.by_fold.items():
                (unfinished / f"model-{number}").mkdir()
                part.predictor.save(unfinished / f"model-{number}")
                np.save(unfinished / f"predictions-{number}.npy", part.predictions)
        (unfinished / _RECORD).write_text(json.dumps(record), encoding="utf-8")
        unfinished.rename(place)

    def load(self) -> Iterator[tuple[Trial, Member | None]]:
        """Yield the trials that were kept, in their order, with their models."""
        if self._folder is None or not self._folder.exists():
            return
        for place in sorted(self._folder.iterdir()):
            if (place / _RECORD).exists() and place.suffix != ".part":
                record = json.loads((place / _RECORD).read_text(encoding="utf-8"))
                trial = Trial.model_validate(record["trial"])
                yield trial, self._member(place, record) if "again" in record else None

    def _member(self, place: Path, record: dict[str, Any]) -> Member:
        again = _from_json(record["again"])
        numbers: list[int] = record["folds"]
        parts = tuple(
            FoldFit(
                load_predictor(again.algorithm, place / f"model-{number}"),
                np.load(place / f"predictions-{number}.npy"),
            )
            for number in numbers
        )
        seconds = record["fold_seconds"]
        fit = Fit(
            configuration=_from_json(record["configuration"]),
            folds=parts,
            parameters=again.parameters,
            complete=True,
            seconds=seconds * len(parts),
            predict_seconds=0.0,
        )
        member = Member.of(fit, [self._folds[number] for number in numbers], self._data)
        member.score = record["score"]
        return member


def _as_json(configuration: Configuration) -> dict[str, Any]:
    return {
        "candidate": configuration.candidate,
        "algorithm": configuration.algorithm.value,
        "parameters": dict(configuration.parameters),
        "fixed": configuration.fixed,
        "targets": configuration.targets,
    }


def _from_json(document: dict[str, Any]) -> Configuration:
    return Configuration(
        document["candidate"],
        algorithm_name(document["algorithm"]),
        document["parameters"],
        document["fixed"],
        document["targets"],
    )


def _fingerprint(data: TrainingData, folds: Sequence[Fold]) -> str:
    """Return a hash of all that a fit depends on beside its configuration."""
    digest = hashlib.blake2b(digest_size=12)
    digest.update(
        repr((data.problem_type, data.metric.name, data.seed, data.features.names)).encode()
    )
    parts = [data.features.values, data.target, data.weights, *(fold.train for fold in folds)]
    if data.features.sparse is not None:
        sparse = data.features.sparse.values
        parts += [sparse.data, sparse.indices, sparse.indptr]
    for part in parts:
        if part is not None:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()
