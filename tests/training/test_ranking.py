"""Ranking from graded rows to a model: queries kept whole, refusals, files, orders."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.metrics import METRICS
from automl_magics.training.ranking.scores import grade_scale, query_sizes
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task

Quickly = Callable[..., Outcome]
RANKING = ProblemType.RANKING


def searches(queries: int = 60, rows: int = 8, seed: int = 0) -> pa.Table:
    """Graded results of searches in any order; what is good differs from query to query."""
    random = np.random.default_rng(seed)
    query = np.repeat(np.arange(queries), rows)
    price, match = random.random(len(query)), random.random(len(query))
    level = random.normal(0, 2, queries)[query]
    worth = 2 * match - price + random.normal(0, 0.2, len(query))
    order = random.permutation(len(query))
    table = pa.table(
        {
            "query": [f"q{number}" for number in query],
            "price": price + level,
            "level": level,
            "match": match,
            "shop": random.choice(["a", "b", "c"], len(query)),
            "grade": np.digitize(worth, [0.0, 0.6, 1.2]),
        }
    )
    return table.take(pa.array(order))


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    task = Task("grade", problem_type=RANKING, group_column="query", max_trials=4)
    return train(searches(), task, budget=Budget(600), threads=1)


def test_a_ranker_puts_new_queries_in_order(outcome: Outcome) -> None:
    result, new = outcome.result, searches(seed=1).to_pandas()
    assert (result.problem_type, result.metric) == (RANKING, "ndcg_at_10")
    assert (result.train_rows, result.test_rows) == (480, 480)
    assert set(result.test_scores) == {"ndcg_at_1", "ndcg_at_5", "ndcg_at_10", "map", "mrr"}
    low, high = result.test_score_interval or (1, 0)
    assert low < (result.test_score or 0) < high
    assert result.test_score == pytest.approx(result.test_scores["ndcg_at_10"])
    assert "query" not in result.feature_columns
    assert "confusion" not in result.curves
    assert len(result.curves["gain_by_depth"]) == 10

    target = np.column_stack([new["grade"], pd.factorize(new["query"])[0]]).astype(float)
    scores = outcome.model.predict(new)["prediction"].to_numpy()
    assert (METRICS["ndcg_at_10"].score(target, scores) or 0) > 0.85


def test_the_rank_is_the_place_in_the_query(outcome: Outcome) -> None:
    new = searches(6, seed=2).to_pandas().set_index(pd.Index(range(100, 148)))
    found = outcome.model.predict(new)
    assert list(found.columns) == outcome.model.output_columns == ["prediction", "rank"]
    assert found.index.equals(new.index)
    for _, part in found.groupby(new["query"]):
        assert sorted(part["rank"]) == list(range(1, 9))
        assert part.sort_values("rank")["prediction"].is_monotonic_decreasing


def test_without_its_query_a_row_has_a_score_all_the_same(outcome: Outcome) -> None:
    new = searches(6, seed=2).to_pandas()
    whole = outcome.model.predict(new)
    alone = outcome.model.predict(new.drop(columns="query").iloc[:1])
    assert alone["prediction"][0] == whole["prediction"][0]
    assert alone["rank"].isna().all()
    some = outcome.model.predict(new.assign(query=new["query"].where(new["match"] > 0.5)))
    assert (some["rank"].isna() == (new["match"] <= 0.5)).all()
    assert len(outcome.model.predict(new.iloc[:0])) == 0


def test_a_saved_ranker_predicts_the_same_bits(outcome: Outcome, tmp_path: Path) -> None:
    new = searches(6, seed=2)
    outcome.model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(loaded.predict(new), outcome.model.predict(new), check_exact=True)
    assert loaded.input_columns == outcome.model.input_columns
    assert loaded.input_columns["query"] == "text"


@pytest.mark.parametrize(
    "algorithm", [AutoMLAlgorithm.LIGHTGBM_RANKER, AutoMLAlgorithm.XGBOOST_RANKER]
)
def test_an_algorithm_can_be_asked_for(algorithm: AutoMLAlgorithm, quickly: Quickly) -> None:
    options = {"problem_type": RANKING, "group_column": "query", "algorithm": algorithm}
    result = quickly(searches(30), "grade", **options).result
    assert result.algorithm is algorithm
    assert {row.algorithm.value for row in result.leaderboard} <= {algorithm, "ensemble"}
    assert (result.test_score or 0) > 0.8


@pytest.mark.parametrize(
    ("change", "options", "field", "message"),
    [
        ({}, {"group_column": None}, "group_column", "needs to know which rows are ranked"),
        ({}, {"weight_column": "price"}, "weight_column", "no meaning for ranking"),
        ({}, {"metric": "rmse"}, "metric", "'rmse' is not a metric of ranking"),
        ({"grade": "price"}, {}, "label_column", "holds fractions, but ranking needs grades"),
        ({"grade": "shop"}, {}, "label_column", "holds text, but ranking needs grades"),
        ({"query": "match"}, {}, "group_column", "No query in 'query' has rows of different"),
    ],
)
def test_what_cannot_be_ranked_is_refused(
    change: dict[str, str], options: dict[str, Any], field: str, message: str, quickly: Quickly
) -> None:
    table = searches(20)
    for name, other in change.items():
        table = table.set_column(table.column_names.index(name), name, table[other])
    given = {"problem_type": RANKING, "group_column": "query", **options}
    with pytest.raises(InvalidInput) as refusal:
        quickly(table, "grade", **given)
    assert message in refusal.value.message
    assert refusal.value.field == field
    assert refusal.value.hint


@pytest.mark.parametrize(("grade", "words"), [(-1, "down to -1"), (31, "up to 31")])
def test_grades_end_at_thirty(grade: int, words: str, quickly: Quickly) -> None:
    table = searches(20)
    grades = table["grade"].to_numpy().copy()
    grades[3] = grade
    table = table.set_column(table.column_names.index("grade"), "grade", pa.array(grades))
    with pytest.raises(InvalidInput, match=words):
        quickly(table, "grade", problem_type=RANKING, group_column="query")


def test_scores_are_brought_to_the_unit_of_the_grades() -> None:
    random = np.random.default_rng(0)
    target = np.column_stack([random.integers(0, 5, 300), np.repeat(np.arange(30), 10)])
    target = target.astype(float)
    assert list(query_sizes(target)) == [10] * 30
    scale = grade_scale(target, 7.0 * target[:, 0] - 3.0)
    assert scale.label(7.0 * target[:, 0] - 3.0) == pytest.approx(target[:, 0])
    assert grade_scale(target, np.zeros(300)) == TargetScale()
    assert grade_scale(target, -target[:, 0]).scale > 0


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "d", None]),
            st.one_of(st.none(), st.integers(-1, 4)),
            st.one_of(st.none(), st.floats(allow_nan=True)),
        ),
        min_size=8,
        max_size=40,
    )
)
def test_any_rows_train_or_are_refused(rows: list[tuple[Any, ...]]) -> None:
    query, grade, number = (list(column) for column in zip(*rows, strict=True))
    table = pa.table(
        {
            "query": pa.array(query, pa.string()),
            "grade": pa.array(grade, pa.int64()),
            "number": pa.array(number, pa.float64()),
            "place": list(range(len(rows))),
        }
    )
    task = Task("grade", problem_type=RANKING, group_column="query", max_trials=2)
    try:
        found = train(table, task, budget=Budget(600), threads=1)
    except AutoMLError:
        return
    assert len(found.model.predict(table)) == len(table)
