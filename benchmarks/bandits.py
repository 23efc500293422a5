"""The learned policy beside Vowpal Wabbit's defaults and the logging policy, by what is true.

    python benchmarks/bandits.py DATA [--seconds 60]

DATA holds the folder ``bandit_letter``: a log of letters guessed by a policy whose probabilities
are exact, and rows whose right letter is known, so that a policy's true reward can be computed.
Vowpal Wabbit reads the same rows once with ``--cb_explore_adf`` and its defaults, pairs of context
and action crossed, since without them it cannot tell contexts apart; it explores as it does by
default, and its value is that of its distribution, as ours is.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import vowpalwabbit

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.task import Task

ACTION, REWARD, PROBABILITY, RIGHT = "action", "reward", "propensity", "best_action"


def main() -> None:
    """Print a row for each policy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    folder = options.data / "bandit_letter"
    log = pq.read_table(folder / "train_logged.parquet")
    test = pd.read_parquet(folder / "test_full.parquet")
    print("| policy | true reward | likeliest action right | estimated (DR, 95 %) | seconds |")
    print("|---|---|---|---|---|")
    print(f"| logging policy | {np.mean(log[REWARD].to_numpy()):.4f} | - | - | - |")
    print(_defaults(log.to_pandas(), test))
    print(_ours(log, test, options.seconds))


def _ours(log: "pq.Table", test: pd.DataFrame, seconds: float) -> str:
    begun = time.perf_counter()
    task = Task(
        problem_type=ProblemType.CONTEXTUAL_BANDIT, action_column=ACTION, reward_column=REWARD,
        probability_column=PROBABILITY,
    )  # fmt: skip
    outcome = train(log, task, budget=Budget(seconds), threads=2)
    took = time.perf_counter() - begun
    acts = outcome.model.predict(test.drop(columns=RIGHT))
    right = test[RIGHT].to_numpy()
    value = np.mean([acts[f"probability_{a}"].iloc[row] for row, a in enumerate(right)])
    low, high = outcome.result.test_score_interval or (np.nan, np.nan)
    told = f"{outcome.result.test_score:.4f} ({low:.4f} to {high:.4f})"
    exact = (acts["prediction"].to_numpy() == right).mean()
    name = f"ours ({outcome.result.best_candidate})"
    return f"| {name} | {value:.4f} | {exact:.4f} | {told} | {took:.0f} |"


def _defaults(log: pd.DataFrame, test: pd.DataFrame) -> str:
    begun = time.perf_counter()
    context = [name for name in log if name not in (ACTION, REWARD, PROBABILITY)]
    actions = sorted(log[ACTION].unique())
    lines = [f"|a a{action}" for action in actions]
    workspace = vowpalwabbit.Workspace("--cb_explore_adf -q ca --quiet")
    for row in log.to_dict("records"):
        taken = actions.index(row[ACTION])
        shown = [_shared(row, context), *lines]
        shown[1 + taken] = f"0:{-row[REWARD]}:{row[PROBABILITY]} {lines[taken]}"
        workspace.learn(shown)
    acts = np.array(
        [workspace.predict([_shared(row, context), *lines]) for row in test.to_dict("records")]
    )
    right = np.array([actions.index(action) for action in test[RIGHT]])
    value = acts[np.arange(len(acts)), right].mean()
    exact = (acts.argmax(axis=1) == right).mean()
    took = time.perf_counter() - begun
    return f"| Vowpal Wabbit's defaults | {value:.4f} | {exact:.4f} | - | {took:.0f} |"


def _shared(row: "dict[str, float]", context: list[str]) -> str:
    return "shared |c " + " ".join(f"{name}:{row[name]}" for name in context)


if __name__ == "__main__":
    main()
