"""The XGBoost configurations to try, in this order."""

from collections.abc import Mapping
from typing import Any


def _deep(depth: int, rate: float, columns: float, least: float) -> dict[str, Any]:
    return {
        "grow_policy": "depthwise",
        "max_depth": depth,
        "learning_rate": rate,
        "colsample_bytree": columns,
        "min_child_weight": least,
    }


def _leafy(leaves: int, depth: int, rate: float, least: float, **more: float) -> dict[str, Any]:
    return {
        "grow_policy": "lossguide",
        "max_leaves": leaves,
        "max_depth": depth,
        "learning_rate": rate,
        "min_child_weight": least,
        **more,
    }


# Ids and values from AutoGluon's learned portfolios (zeroshot_portfolio_2023 and _2025,
# Apache-2.0); the quickest stands first. The
# last one is for noise.
PORTFOLIO: Mapping[str, Mapping[str, Any]] = {
    "r89": _deep(5, 0.0878, 0.663, 0.629),
    "r40": _leafy(35, 10, 0.0112, 0.140, subsample=0.695, colsample_bylevel=0.638,
                  colsample_bynode=0.924, reg_alpha=3.50, reg_lambda=1.31),
    "r33": _deep(10, 0.0181, 0.692, 0.603),
    "r171": _leafy(10, 6, 0.0068, 0.051, subsample=0.966, colsample_bylevel=0.921,
                   colsample_bynode=0.644, reg_alpha=4.24, reg_lambda=1.48),
    "r194": _deep(7, 0.0929, 0.909, 0.804),
    "shallow": {**_deep(3, 0.05, 0.7, 5.0), "subsample": 0.7, "reg_lambda": 5.0},
}  # fmt: skip
