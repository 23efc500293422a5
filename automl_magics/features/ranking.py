"""Which candidates tell something about the label, and which tell too much: on a sample of rows.

``python -m automl_magics.features.ranking SAMPLE LABEL KIND`` prints those that tell too much.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import Unavailable
from automl_magics.contracts.features import LabelType

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

LEAK_AUC = 0.995
LEAK_R2 = 0.995
FEWEST_ROWS = 40
"""Below this a perfect fit says nothing."""

SUSPECTS = 30
"""Columns of the most gain that are looked at for leaks, again after each find."""

ROUNDS = 150
THREADS = 2


@dataclass(frozen=True)
class Ranking:
    """What the sample says of the candidates."""

    useful: list[str]
    """Most useful first; those that are constant or copies of others are left out."""
    leaking: list[str]
    """Those that give the label away."""


def rank(table: "pa.Table", label: str, kind: LabelType, names: Sequence[str]) -> Ranking:
    """Rank columns by what they add to a gradient-boosted model of the label.

    Parameters
    ----------
    table
        A sample of the training table, with all ``names`` and the label as columns.
    """
    import numpy as np

    if kind is LabelType.NONE:
        codes = {name: _codes(table.column(name)) for name in names}
        return Ranking(_different(codes, list(names)), [])
    target = _target(table.column(label), kind)
    present = ~np.isnan(target)
    target = target[present]
    codes = {name: _codes(table.column(name))[present] for name in names}
    kept = _different(codes, list(names))
    if len(target) < FEWEST_ROWS or len(np.unique(target)) < 2:
        return Ranking(kept, [])
    leaking: list[str] = []
    useful = kept
    while kept:  # what gives the label away has the most gain, and hides what is behind it
        gains = _gains([codes[name] for name in kept], target, kind)
        order = sorted(range(len(kept)), key=lambda place: (-gains[place], place))
        useful = [kept[place] for place in order if gains[place] > 0]
        found = [name for name in useful[:SUSPECTS] if _gives_away(codes[name], target, kind)]
        if not found:
            break
        leaking += found
        kept = [name for name in kept if name not in found]
    return Ranking(useful if kept else [], leaking)


def leaking_apart(table: "pa.Table", label: str, kind: LabelType, scratch: Path) -> list[str]:
    """Return the columns that give the label away, found in a process of its own.

    A server that reviews needs no scikit-learn then.
    """
    import pyarrow.parquet as pq

    sample = scratch / "sample.parquet"
    pq.write_table(table, sample)
    words = [sys.executable, "-m", "automl_magics.features.ranking", str(sample), label, kind.value]
    try:
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable("Leaks of the new label could not be looked for.") from error
    finally:
        sample.unlink(missing_ok=True)
    names: list[str] = json.loads(told)
    return names


def main(words: Sequence[str]) -> None:
    """Print the columns of a sample that give its label away, as JSON."""
    import pyarrow.parquet as pq

    table = pq.read_table(words[0])
    names = [name for name in table.column_names if name != words[1]]
    sys.stdout.write(json.dumps(rank(table, words[1], LabelType(words[2]), names).leaking))


def _target(values: Any, kind: LabelType) -> "np.ndarray[Any, Any]":
    """Return the label as numbers, NaN where it is missing; classes by their frequency."""
    if kind is LabelType.REGRESSION:
        return _codes(values)
    return _codes(values, classes=True)


def _codes(values: Any, *, classes: bool = False) -> "np.ndarray[Any, Any]":
    """Return a column as floats: numbers and moments as they are, the rest as codes."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    kind = values.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    if not classes and (number or pa.types.is_decimal(kind)):
        return np.asarray(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    if not classes and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        moments = pc.cast(pc.cast(values, pa.timestamp("us"), safe=False), pa.int64())
        return np.asarray(pc.cast(moments, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    encoded = pc.dictionary_encode(pc.cast(values, pa.string()))
    return np.asarray(pc.cast(encoded.indices, pa.float64()).to_numpy(zero_copy_only=False))


def _different(codes: "dict[str, np.ndarray[Any, Any]]", names: list[str]) -> list[str]:
    """Return the names of columns that vary and are no copies of earlier ones."""
    import numpy as np

    seen: set[bytes] = set()
    kept = []
    for name in names:
        values = np.asarray(codes[name], dtype="float64")
        content = np.where(np.isnan(values), np.inf, values).tobytes()
        finite = values[~np.isnan(values)]
        varies = len(finite) and (len(finite) < len(values) or bool((finite != finite[0]).any()))
        if varies and content not in seen:
            seen.add(content)
            kept.append(name)
    return kept


def _gives_away(
    values: "np.ndarray[Any, Any]", target: "np.ndarray[Any, Any]", kind: LabelType
) -> bool:
    """Return whether one column alone predicts the label nearly without error, on unseen rows."""
    import numpy as np

    filled = np.where(np.isnan(values), np.nanmin(values) - 1.0, values)
    if kind is LabelType.REGRESSION:
        return _follows(filled, target)
    return _separates(filled, target)


def _follows(values: "np.ndarray[Any, Any]", target: "np.ndarray[Any, Any]") -> bool:
    """Return whether a number is a monotone, or any near-exact, function of a column."""
    from sklearn.metrics import r2_score
    from sklearn.tree import DecisionTreeRegressor

    half = len(target) // 2
    tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=0)
    tree.fit(_ranks(values)[:half, None], target[:half])
    if r2_score(target[half:], tree.predict(_ranks(values)[half:, None])) >= LEAK_R2:
        return True
    import numpy as np

    together = np.corrcoef(_ranks(values), _ranks(target))[0, 1]
    return bool(abs(together) >= LEAK_R2 + 0.004)


def _ranks(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    from scipy.stats import rankdata

    ranked: np.ndarray[Any, Any] = rankdata(values)
    return ranked


def _separates(values: "np.ndarray[Any, Any]", target: "np.ndarray[Any, Any]") -> bool:
    """Return whether a column tells every class from the others."""
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.tree import DecisionTreeClassifier

    half = len(target) // 2
    tree = DecisionTreeClassifier(max_leaf_nodes=64, min_samples_leaf=2, random_state=0)
    tree.fit(values[:half, None], target[:half])
    score = balanced_accuracy_score(target[half:], tree.predict(values[half:, None]))
    return bool(score >= LEAK_AUC)


def _gains(
    columns: "Sequence[np.ndarray[Any, Any]]", target: "np.ndarray[Any, Any]", kind: LabelType
) -> list[float]:
    """Return each column's total gain in a model with many small trees."""
    import lightgbm as lgb
    import numpy as np

    settings: dict[str, Any] = {
        "objective": "regression_l1" if kind is LabelType.REGRESSION else "binary",
        "num_leaves": 24,
        "learning_rate": 0.08,
        "feature_fraction": 0.4,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "min_data_in_leaf": max(5, len(target) // 500),
        "num_threads": THREADS,
        "deterministic": True,
        "force_row_wise": True,
        "seed": 0,
        "verbosity": -1,
    }
    rounds = ROUNDS
    if kind is LabelType.MULTICLASS:
        classes = len(np.unique(target))
        settings |= {"objective": "multiclass", "num_class": classes}
        rounds = max(20, ROUNDS // classes)
    if kind is LabelType.BINARY and len(np.unique(target)) > 2:
        target = (target == target.max()).astype(float)
    if kind is LabelType.REGRESSION:
        target = _ranks(target) / len(target)
        settings["objective"] = "regression"
    matrix = np.column_stack(columns)
    model = lgb.train(settings, lgb.Dataset(matrix, label=target), num_boost_round=rounds)
    gains: list[float] = model.feature_importance("gain").tolist()
    return gains


if __name__ == "__main__":
    main(sys.argv[1:])
