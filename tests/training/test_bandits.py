from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.training.bandits.estimators import policy_value
from automl_magics.training.bandits.log import effective_sample, read_log
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.problems import problem_of, settled
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task

BANDIT = ProblemType.CONTEXTUAL_BANDIT
ROLES: dict[str, Any] = {
    "action_column": "action",
    "reward_column": "reward",
    "probability_column": "p",
}
NAMES = ["a b", "c|d", "e:f\n", "0:1 |x"]
"""What would break lines of Vowpal Wabbit's format if it got there."""


def logged(rows: int = 1500, names: list[str] | None = None, seed: int = 0) -> pd.DataFrame:
    """A log of a policy that prefers the first action; the right one follows from the context."""
    rng = np.random.default_rng(seed)
    names = names or NAMES
    kind = rng.integers(0, len(names), rows)
    chances = np.full(len(names), 0.6 / (len(names) - 1))
    chances[0] = 0.4
    taken = rng.choice(len(names), rows, p=chances)
    return pd.DataFrame(
        {
            "kind |": np.array(names)[kind],
            "x": rng.normal(size=rows),
            "action": np.array(names)[taken],
            "p": chances[taken],
            "reward": (taken == kind) * 1.0 + rng.normal(0, 0.1, rows),
        }
    )


def learn(frame: pd.DataFrame, **options: Any) -> Outcome:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    task = Task(**{**ROLES, "max_trials": 2, **options})
    return train(table, settled(task), budget=Budget(600), threads=1)


@pytest.fixture(scope="module")
def trained() -> Outcome:
    return learn(logged())


def test_the_right_action_is_learned_and_its_value_told(trained: Outcome) -> None:
    new = logged(200, seed=5)
    found = trained.model.predict(new.drop(columns=["action", "p", "reward"]))
    assert (found["prediction"] == new["kind |"]).mean() > 0.95
    shares = found[[f"probability_{name}" for name in trained.result.classes or []]]
    assert np.allclose(shares.sum(axis=1), 1)
    assert (shares.to_numpy() > 0).all()  # it goes on exploring
    result = trained.result
    true = float(np.mean([found[f"probability_{k}"][i] for i, k in enumerate(new["kind |"])]))
    low, high = result.test_score_interval or (0, 0)
    assert low < true + 0.03
    assert true - 0.03 < high
    assert result.test_scores["lift"] > 0.4
    assert result.test_scores["effective_sample"] > 50
    shown = [policy["policy"] for policy in result.curves["policies"]]
    assert shown[1:3] == ["logging policy", "uniform"]
    assert next(iter(result.feature_importance)) == "kind |"
    assert result.model_dump_json()


def test_a_saved_model_acts_the_same(trained: Outcome, tmp_path: Path) -> None:
    trained.model.save(tmp_path)
    rows = logged(50, seed=7)
    expected = trained.model.predict(rows)
    pd.testing.assert_frame_equal(load_model(tmp_path).predict(rows), expected)
    assert list(expected.columns) == trained.model.output_columns


def test_costs_are_rewards_turned_round() -> None:
    frame = logged(600).assign(reward=lambda rows: 5 - rows["reward"])
    outcome = learn(frame, reward_column=None, cost_column="reward", max_trials=1)
    found = outcome.model.predict(frame)
    assert (found["prediction"] == frame["kind |"]).mean() > 0.9
    assert outcome.result.test_scores["logging_policy"] < -4


def test_estimates_agree_with_the_truth() -> None:
    frame = logged(4000)
    log = read_log(pa.Table.from_pandas(frame), Task(**ROLES))
    names = [str(name) for name in log.label.classes or ()]
    right = np.array([names.index(kind) for kind in frame["kind |"]])
    policy = np.eye(4)[right]
    value = policy_value(log, np.arange(4000), policy, np.full((4000, 4), 0.3))
    for name in ("ips", "snips", "dr"):
        middle, (low, high) = value.of(name)
        assert low < 1.0 < high
        assert abs(middle - 1.0) < 0.15
    assert effective_sample(np.ones(10)) == 10
    assert value.lift == pytest.approx(value.dr - frame["reward"].mean())


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        ({"action_column": None}, "action_column", "no action_column"),
        ({"reward_column": None}, "reward_column", "neither a reward_column nor a cost_column"),
        ({"cost_column": "x"}, "reward_column", "different columns"),
        ({"probability_column": None}, "probability_column", "no probability_column"),
        ({"probability_column": "action"}, "probability_column", "three columns"),
        ({"reward_column": "word"}, "reward_column", "numbers are needed"),
        ({"horizon": 3}, "horizon", "no meaning for contextual bandit"),
        ({"metric": "roc_auc"}, "metric", "not a metric of contextual bandit"),
    ],
)
def test_what_is_missing_is_said_before_a_job_is_made(
    options: dict[str, Any], field: str, message: str
) -> None:
    columns: Any = {"action": "text", "p": "float", "reward": "float", "x": "float", "word": "text"}
    with pytest.raises(InvalidInput, match=message) as refusal:
        problem_of(Task(**{**ROLES, "problem_type": BANDIT, **options}), columns, None)
    assert refusal.value.field == field


def test_the_problem_is_told_by_its_columns_and_a_label_is_the_reward() -> None:
    columns: Any = {"action": "text", "p": "float", "reward": "float", "x": "float"}
    roles = {**ROLES, "reward_column": None, "label_column": "reward"}
    assert problem_of(Task(**roles), columns, None) is BANDIT


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("p", np.nan, "is missing in 1,500 rows"),
        ("p", 0.0, "is not above 0"),
        ("p", 50.0, "divide percentages by 100"),
        ("p", 1.0, "never left anything to chance"),
        ("action", "one", "the same action"),
        ("reward", 1.0, "brought the same"),
        ("reward", np.nan, "Only 0 rows"),
    ],
)
def test_a_log_that_supports_nothing_is_refused(column: str, values: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        learn(logged().assign(**{column: values}))


def test_actions_hardly_or_never_tried_are_refused() -> None:
    rare = logged()
    rare.loc[0, "action"] = "rare"
    with pytest.raises(InvalidInput, match="'rare' was tried 1 times"):
        learn(rare)
    declared = logged()
    declared["action"] = pd.Categorical(declared["action"], [*NAMES, "never"])
    with pytest.raises(InvalidInput, match="'never' is declared and was never tried"):
        learn(declared)


def test_an_effective_sample_too_small_is_refused() -> None:
    frame = logged()
    frame.loc[:5, "p"] = 1e-6
    with pytest.raises(InvalidInput, match="effective sample size"):
        learn(frame)


def test_probabilities_that_do_not_fit_are_doubted() -> None:
    outcome = learn(logged().assign(p=0.5), max_trials=1)
    assert any("do not fit how often" in warning for warning in outcome.result.warnings)


def test_a_model_comes_out_even_without_time() -> None:
    table = pa.Table.from_pandas(logged(600), preserve_index=False)
    outcome = train(table, settled(Task(**ROLES)), budget=Budget(0.001), threads=1)
    assert len(outcome.result.leaderboard) == 1


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 1000), rows=st.sampled_from([0, 50, 150]),
    actions=st.lists(st.text(max_size=4), min_size=1, max_size=4, unique=True),
    reward=st.sampled_from(["noise", "constant", "gaps", "huge"]),
    p=st.sampled_from([0.2, 1.0, 2.0]),
    context=st.sampled_from(["numbers", "text", "gone"]),
)  # fmt: skip
def test_any_log_trains_or_is_refused(
    seed: int, rows: int, actions: list[str], reward: str, p: float, context: str
) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=rows)
    rewards = {
        "noise": noise, "constant": np.zeros(rows), "huge": noise * 1e12,
        "gaps": np.where(noise > 1, np.nan, noise),
    }  # fmt: skip
    contexts = {
        "numbers": noise,
        "text": rng.choice(["|", ":", "a b"], rows),
        "gone": [None] * rows,
    }
    frame = pd.DataFrame(
        {
            "c": contexts[context], "d": rng.integers(0, 3, rows),
            "action": rng.choice(actions, rows), "p": p, "reward": rewards[reward],
        }
    )  # fmt: skip
    try:
        outcome = learn(frame, max_trials=1)
    except AutoMLError as error:
        assert error.message  # noqa: PT017 - any of ours will do
    else:
        assert np.isfinite(outcome.model.predict(frame).filter(like="probability_")).all().all()
        assert outcome.result.model_dump_json()
