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


# LightGBM's own defaults, then ids and values from AutoGluon's learned portfolio
# (zeroshot_portfolio_cpu_2025_12_18, Apache-2.0).
PORTFOLIO: Mapping[str, Mapping[str, Any]] = {
    "default": _trees(31, 0.1, 1.0, 1.0, 20),
    "r63": _trees(24, 0.0309, 0.490, 0.780, 1, lambda_l1=0.642, lambda_l2=0.581,
                  **_categories(0.007, 0.134, 38, 83)),
    "r163": _trees(84, 0.0114, 0.528, 0.978, 3, lambda_l1=0.027, lambda_l2=0.838,
                   **_categories(0.155, 0.009, 42, 75)),
    "r177": _trees(39, 0.0179, 0.462, 0.877, 3, extra_trees=True, lambda_l1=0.238,
                   lambda_l2=0.355, **_categories(0.342, 15.4, 16, 9)),
    "r120": _trees(5, 0.0127, 0.733, 0.854, 12, extra_trees=True, lambda_l1=0.241,
                   lambda_l2=0.300, **_categories(0.011, 5.1, 67, 93)),
}  # fmt: skip
