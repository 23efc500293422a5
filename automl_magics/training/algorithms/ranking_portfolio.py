"""The ranking configurations to try, in this order."""

from collections.abc import Mapping
from typing import Any


def _pairs(objective: str, leaves: int, rate: float, columns: float, **more: Any) -> dict[str, Any]:
    return {
        "objective": objective,
        "num_leaves": leaves,
        "learning_rate": rate,
        "feature_fraction": columns,
        "bagging_fraction": 0.9,
        "bagging_freq": 1,
        "min_data_in_leaf": 20,
        **more,
    }


QUICK: Mapping[str, Any] = {
    **_pairs("lambdarank", 15, 0.15, 0.8),
    "bagging_fraction": 1.0,
    "rounds": 40,
}

# lambdarank: Burges, From RankNet to LambdaRank to LambdaMART, MSR-TR-2010-82; its truncation is a
# little deeper than the ten places that count (LightGBM's advice). rank_xendcg: Bruch, An
# Alternative Cross Entropy Loss for Learning-to-Rank, WWW 2021. regression: grades row by row,
# which is hard to beat where grades mean the same in all queries.
LIGHTGBM: Mapping[str, Mapping[str, Any]] = {
    "lambdarank": _pairs("lambdarank", 31, 0.05, 0.6, lambdarank_truncation_level=13,
                         min_data_in_leaf=50, min_sum_hessian_in_leaf=5.0),
    "rows": _pairs("regression", 31, 0.05, 0.5, extra_trees=True),
    "xendcg": _pairs("rank_xendcg", 31, 0.05, 0.6),
    "lambdarank-raw": _pairs("lambdarank", 15, 0.05, 0.5, lambdarank_norm=False,
                             lambdarank_truncation_level=13),
    "rows-small": _pairs("regression", 15, 0.03, 0.4, lambda_l2=1.0),
    "lambdarank-deep": _pairs("lambdarank", 63, 0.03, 0.5, lambdarank_truncation_level=30,
                              extra_trees=True),
    "xendcg-extra": _pairs("rank_xendcg", 24, 0.04, 0.5, extra_trees=True, lambda_l2=1.0),
    "lambdarank-small": _pairs("lambdarank", 7, 0.05, 0.5, lambdarank_truncation_level=20),
    "rows-large": _pairs("regression", 95, 0.03, 0.4, extra_trees=True, min_data_in_leaf=10),
    "xendcg-small": _pairs("rank_xendcg", 8, 0.05, 0.4),
}  # fmt: skip


def _of_xgboost(objective: str, depth: int, rate: float, columns: float, **more: Any) -> Any:
    return {
        "objective": objective,
        "grow_policy": "depthwise",
        "max_depth": depth,
        "learning_rate": rate,
        "colsample_bytree": columns,
        "subsample": 0.9,
        "min_child_weight": 1.0,
        **more,
    }


XGBOOST: Mapping[str, Mapping[str, Any]] = {
    "ndcg": _of_xgboost("rank:ndcg", 6, 0.08, 0.6, lambdarank_pair_method="topk",
                        lambdarank_num_pair_per_sample=13),
    "rows": _of_xgboost("reg:squarederror", 6, 0.05, 0.5, reg_lambda=2.0),
    "pairs": _of_xgboost("rank:pairwise", 5, 0.08, 0.6, lambdarank_pair_method="mean",
                         lambdarank_num_pair_per_sample=4),
    "ndcg-raw": _of_xgboost("rank:ndcg", 5, 0.05, 0.5, lambdarank_pair_method="topk",
                            lambdarank_num_pair_per_sample=20, lambdarank_normalization=False),
}  # fmt: skip
