"""The LightGBM configurations to try, in this order."""

from collections.abc import Mapping
from typing import Any


def _trees(leaves: int, rate: float, columns: float, rows: float, least: int, **more: Any) -> Any:
    return {
        "num_leaves": leaves,
        "learning_rate": rate,
        "feature_fraction": columns,
        "bagging_fraction": rows,
        "bagging_freq": 1,
        "min_data_in_leaf": least,
        **more,
    }


def _categories(l2: float, smooth: float, one_hot: int, group: int) -> dict[str, Any]:
    return {
        "cat_l2": l2,
        "cat_smooth": smooth,
        "max_cat_to_onehot": one_hot,
        "min_data_per_group": group,
    }


_QUICK_CELLS = 2_000_000
_QUICK_COLUMNS = 2_000


def quick(rows: int, columns: int) -> dict[str, Any]:
    """Return the first one, of so few rounds that there is a model within three seconds.

    That holds up to a hundred thousand rows of fifty columns; of very many columns a tree looks at
    two thousand.
    """
    many = rows * columns > _QUICK_CELLS
    rate, rounds = (0.3, 15) if many else (0.15, 40)
    return {**_trees(15, rate, min(0.8, _QUICK_COLUMNS / columns), 1.0, 20), "rounds": rounds}


# Ids and values from AutoGluon's learned portfolio (zeroshot_portfolio_cpu_2025_12_18, Apache-2.0),
# and LightGBM's own defaults. What differs most comes first.
PORTFOLIO: Mapping[str, Mapping[str, Any]] = {
    "r63": _trees(24, 0.0309, 0.490, 0.780, 1, lambda_l1=0.642, lambda_l2=0.581,
                  **_categories(0.007, 0.134, 38, 83)),
    "r163": _trees(84, 0.0114, 0.528, 0.978, 3, lambda_l1=0.027, lambda_l2=0.838,
                   **_categories(0.155, 0.009, 42, 75)),
    "r177": _trees(39, 0.0179, 0.462, 0.877, 3, extra_trees=True, lambda_l1=0.238,
                   lambda_l2=0.355, **_categories(0.342, 15.4, 16, 9)),
    "r120": _trees(5, 0.0127, 0.733, 0.854, 12, extra_trees=True, lambda_l1=0.241,
                   lambda_l2=0.300, **_categories(0.011, 5.1, 67, 93)),
    "r72": _trees(180, 0.018, 0.404, 0.950, 12, extra_trees=True, lambda_l1=0.766,
                  lambda_l2=1.60, **_categories(0.216, 0.064, 11, 3)),
    "r6": _trees(8, 0.0079, 0.940, 0.815, 24, lambda_l1=0.437, lambda_l2=0.300,
                 **_categories(0.006, 0.029, 28, 3)),
    "default": _trees(31, 0.1, 1.0, 1.0, 20),
    "r21": _trees(20, 0.0134, 0.425, 0.711, 2, lambda_l1=0.514, lambda_l2=0.513,
                  **_categories(0.868, 48.7, 16, 32)),
    "r50": _trees(106, 0.0508, 0.929, 0.967, 4, extra_trees=True, lambda_l1=0.045,
                  lambda_l2=1.73, **_categories(1.77, 0.0098, 11, 2)),
    "r17": _trees(64, 0.0351, 0.668, 0.928, 1, lambda_l1=0.0125, lambda_l2=0.716,
                  **_categories(0.073, 0.137, 20, 2)),
    "r41": _trees(8, 0.0074, 0.425, 0.722, 15, extra_trees=True, lambda_l1=0.113,
                  lambda_l2=0.262, **_categories(1.89, 0.028, 9, 10)),
    "r184": _trees(2, 0.0091, 0.588, 0.841, 17, lambda_l1=0.079, lambda_l2=0.771,
                   **_categories(0.928, 0.090, 16, 11)),
}  # fmt: skip
