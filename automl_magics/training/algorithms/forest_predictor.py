"""A forest as plain, small arrays, walked down by numpy or by scikit-learn's compiled trees.

scikit-learn's own objects can be kept only by pickle, take milliseconds to predict a single row and
72 bytes for each node. What a tree needs to be walked takes eleven. Few rows go down all trees at
once; for many, one tree after the other becomes scikit-learn's for as long as it is walked.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Floats
from automl_magics.training.algorithms.packed import PackedArrays
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.encoding import Encoded

Singles = NDArray[np.float32]

_FILE = "forest.npz"
_NODES = ("right", "feature", "threshold", "missing_left")
_LARGEST = 3e38
_ROWS_BY_THREAD = 2000
_FEW_ROWS = 512
"""Up to so many rows go down all trees at once."""
_BLOCK = 2_000_000
"""So many numbers are looked up at once, about."""


class ForestPredictor:
    """The mean of its trees.

    Parameters
    ----------
    nodes
        Of all trees, one after the other, by name: the place of the ``right`` child in the tree
        (the left one follows its parent; a leaf is its own), the ``feature``, the ``threshold`` up
        to which rows go left, and whether missing ones do (``missing_left``).
    sizes
        How many nodes each tree has.
    values
        (leaves, outputs), in the order of the nodes: shares of the classes, or the mean of what is
        learned.
    prior
        Each class's share among the training rows, which counts like one further tree: leaves of a
        single class would else be certain. None for regression.
    gains
        Each encoded feature's share of the gain.
    """

    def __init__(
        self,
        nodes: Mapping[str, NDArray[Any]],
        sizes: NDArray[np.int64],
        values: Singles,
        *,
        prior: Floats | None,
        scale: TargetScale,
        gains: Floats,
    ) -> None:
        self.nodes, self.sizes, self._values = nodes, sizes, values
        self._prior, self._scale, self._gains = prior, scale, gains

    @classmethod
    def of(
        cls,
        trees: Sequence["PlainTree"],
        columns: NDArray[np.int64] | None,
        prior: Floats | None,
        scale: TargetScale,
    ) -> "ForestPredictor":
        """Join trees whose outputs are the classes ``columns``."""
        values = np.concatenate([tree.values for tree in trees])
        if columns is not None and prior is not None and len(columns) < len(prior):
            spread = np.zeros((len(values), len(prior)), dtype=np.float32)
            spread[:, columns] = values
            values = spread
        return cls(
            {name: np.concatenate([tree.nodes[name] for tree in trees]) for name in _NODES},
            np.array([len(tree.nodes["right"]) for tree in trees]),
            values,
            prior=prior,
            scale=scale,
            gains=np.mean([tree.gains for tree in trees], axis=0),
        )

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        rows = singles(features)
        sums = self._walk_at_once(rows) if len(rows) <= _FEW_ROWS else self._walk_by_tree(rows)
        if self._prior is None:
            return self._scale.label(sums[:, 0] / len(self.sizes))
        shares: Floats = (sums + self._prior) / (len(self.sizes) + 1)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def importance(self) -> Floats:
        """Return each encoded feature's share of the gain."""
        return self._gains

    def asleep(self) -> "SleepingForest":
        """Return the same forest, compressed until it is asked."""
        return SleepingForest(self._to_arrays())

    def save(self, folder: Path) -> None:
        """Write one file of arrays."""
        _write(folder / _FILE, self._to_arrays())

    @classmethod
    def load(cls, folder: Path) -> "ForestPredictor":
        """Read what `save` wrote; a file whose nodes lead nowhere is refused."""
        with np.load(folder / _FILE, allow_pickle=False) as file:
            arrays = dict(file)
        _check(arrays)
        return cls.from_arrays(arrays)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "ForestPredictor":
        """Return the forest of which these are all arrays."""
        offset, scale, log = (float(value) for value in arrays["scale"])
        return cls(
            {name: arrays[name] for name in _NODES},
            arrays["sizes"],
            arrays["values"],
            prior=arrays["prior"] if len(arrays["prior"]) else None,
            scale=TargetScale(offset, scale, bool(log)),
            gains=arrays["gains"],
        )

    def _to_arrays(self) -> dict[str, NDArray[Any]]:
        scale = self._scale
        return {
            **self.nodes,
            "sizes": self.sizes,
            "values": self._values,
            "gains": self._gains,
            "prior": np.zeros(0) if self._prior is None else self._prior,
            "scale": np.array([scale.offset, scale.scale, float(scale.log)]),
        }

    def _walk_at_once(self, rows: Singles) -> Floats:
        """Return the sums over the trees: all trees of some rows go down step by step."""
        trees, outputs = len(self.sizes), self._values.shape[1]
        step = max(1, _BLOCK // (trees * max(outputs, 8)))
        parts = []
        for begin in range(0, max(1, len(rows)), step):
            block = rows[begin : begin + step]
            leaves = self._leaves(block.ravel(), len(block), rows.shape[1])
            found = self._values[self._leaf_numbers[leaves]].astype(np.float64)
            # In the order of the trees, as one by one: sums must not depend on how many rows.
            parts.append(np.add.accumulate(found, axis=0)[-1])
        return np.concatenate(parts)

    def _leaves(self, values: Singles, rows: int, width: int) -> NDArray[np.int64]:
        """Return the leaves (trees, rows), counted through all trees."""
        right, feature, threshold, left_if_missing = (self.nodes[name] for name in _NODES)
        at = np.repeat(self._starts, rows)
        base = at.copy()
        offset = np.tile(np.arange(rows) * width, len(self.sizes))
        place = np.arange(len(at))
        here = at
        while len(place):
            value = values[offset + feature[here]]
            left = value <= threshold[here]
            missing = np.isnan(value)
            if missing.any():
                left |= missing & left_if_missing[here]
            onward = np.where(left, here + 1, base + right[here])
            moved = onward != here
            at[place] = onward
            place, here, base, offset = place[moved], onward[moved], base[moved], offset[moved]
        return at.reshape(len(self.sizes), rows)

    def _walk_by_tree(self, rows: Singles) -> Floats:
        """Return the sums over the trees, one tree after the other."""
        sums = np.zeros((len(rows), self._values.shape[1]))
        threads = min(len(os.sched_getaffinity(0)), len(rows) // _ROWS_BY_THREAD)
        parts = np.array_split(np.arange(len(rows)), max(1, threads))
        slices = [slice(part[0], part[-1] + 1) for part in parts]
        begin = 0
        with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
            for size in self.sizes.tolist():
                tree, leaves = self._tree(begin, begin + size)

                def add(part: slice, tree: Any = tree, leaves: Any = leaves) -> None:
                    sums[part] += self._values[leaves[tree.apply(rows[part])]]

                if pool is None:
                    add(slices[0])
                else:
                    list(pool.map(add, slices))
                begin += size
        return sums

    def _tree(self, begin: int, end: int) -> tuple[Any, NDArray[np.int32]]:
        """Return a tree as scikit-learn's, and its nodes' numbers as leaves."""
        from sklearn.tree._tree import NODE_DTYPE, Tree

        right, feature, threshold, left_if_missing = (self.nodes[n][begin:end] for n in _NODES)
        at = np.arange(end - begin)
        leaf = right == at
        nodes = np.zeros(end - begin, dtype=NODE_DTYPE)
        nodes["left_child"] = np.where(leaf, -1, at + 1)
        nodes["right_child"] = np.where(leaf, -1, right)
        nodes["feature"] = feature
        nodes["threshold"] = threshold
        nodes["missing_go_to_left"] = left_if_missing
        tree = Tree(len(self._gains), np.ones(1, dtype=np.intp), 1)
        means = np.zeros((len(nodes), 1, 1))
        tree.__setstate__(
            {"max_depth": 0, "node_count": len(nodes), "nodes": nodes, "values": means}
        )
        return tree, self._leaf_numbers[begin:end]

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def _leaf_numbers(self) -> NDArray[np.int32]:
        """For each node how many leaves there are before it."""
        return np.cumsum(_is_leaf(self.nodes["right"], self.sizes), dtype=np.int32) - 1


class SleepingForest:
    """A forest as compressed arrays until it is first asked: most of a search's never are.

    Of many classes a tenth is left, since most leaves know few of them.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._packed = PackedArrays(arrays)

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        return self._forest.predict(features)

    def importance(self) -> Floats:
        """Return each encoded feature's share of the gain."""
        return self._forest.importance()

    def save(self, folder: Path) -> None:
        """Write one file of arrays."""
        _write(folder / _FILE, self._packed.raw())

    @cached_property
    def _forest(self) -> ForestPredictor:
        return ForestPredictor.from_arrays(self._packed.raw())


class PlainTree:
    """What is kept of one of scikit-learn's trees.

    Parameters
    ----------
    tree
        Grown depth first, so that the left child follows its parent.
    values
        (nodes, outputs) in place of the tree's own.
    """

    def __init__(self, tree: Any, values: Floats | None = None) -> None:
        nodes = tree.__getstate__()["nodes"]
        at = np.arange(len(nodes))
        leaf = nodes["left_child"] == -1
        if not (leaf | (nodes["left_child"] == at + 1)).all():
            msg = "the tree was not grown depth first"
            raise ValueError(msg)
        small = np.int16 if tree.n_features <= np.iinfo(np.int16).max else np.int32
        self.nodes: dict[str, NDArray[Any]] = {
            "right": np.where(leaf, at, nodes["right_child"]).astype(np.int32),
            "feature": np.where(leaf, 0, nodes["feature"]).astype(small),
            # Of a leaf neither numbers nor missing values are to its left.
            "threshold": np.where(leaf, -np.inf, _rounded_down(nodes["threshold"])).astype(
                np.float32
            ),
            "missing_left": ~leaf & nodes["missing_go_to_left"].astype(bool),
        }
        found = tree.value[:, 0, :] if values is None else values
        self.values: Singles = found[leaf].astype(np.float32)
        self.gains: Floats = tree.compute_feature_importances()


def singles(features: Encoded) -> Singles:
    """Return the features as scikit-learn's trees take them."""
    return np.ascontiguousarray(np.clip(features.values, -_LARGEST, _LARGEST), dtype=np.float32)


def _rounded_down(thresholds: Floats) -> Singles:
    """Return the largest single-precision numbers not above: the same single ones are below."""
    nearest = thresholds.astype(np.float32)
    lower = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest.astype(np.float64) > thresholds, lower, nearest)


def _is_leaf(right: NDArray[Any], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    starts = np.cumsum(sizes) - sizes
    leaf: NDArray[np.bool_] = right == np.arange(sizes.sum()) - np.repeat(starts, sizes)
    return leaf


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write what `numpy.savez_compressed` does, a third of the time for a tenth more bytes."""
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError unless every path of every tree ends at a leaf of it."""
    sizes, right = arrays["sizes"], arrays["right"]
    at = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    leaf = right == at
    within = (right > at + 1) & (right < np.repeat(sizes, sizes))
    if len(right) != len(at) or not (leaf | within).all() or leaf.sum() != len(arrays["values"]):
        msg = "the forest's file is damaged: a node has no way on"
        raise ValueError(msg)
    feature = arrays["feature"]
    if ((feature < 0) | (feature >= len(arrays["gains"]))).any():
        msg = "the forest's file is damaged: a node asks for a feature that is not there"
        raise ValueError(msg)
