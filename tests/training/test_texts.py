"""Texts: from documents to predictions, through the engine that learns everything else."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.enums import AutoMLAlgorithm, ModelFamily, PredictorType
from automl_magics.contracts.errors import AutoMLError
from automl_magics.training.algorithms import vw_text
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task
from automl_magics.training.text_column import Document
from automl_magics.training.text_plan import TextPlan
from automl_magics.training.text_reading import TextReader

COUNT = 240
WORDS = [
    "order",
    "parcel",
    "delay",
    "invoice",
    "refund",
    "window",
    "garden",
    "lamp",
    "blue",
    "seven",
    "quick",
    "paper",
]
ANGRY, GLAD = ["terrible", "broken", "angry"], ["lovely", "great", "thanks"]


def letters(label: Iterable[Any], *, spaces: bool = True, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    found = []
    for positive in label:
        mood = GLAD if positive else ANGRY
        words = [*random.choice(WORDS, 9), *random.choice(mood, 2)]
        random.shuffle(words)
        found.append((" " if spaces else "").join(words))
    return found


def frame(**columns: Any) -> pd.DataFrame:
    random = np.random.default_rng(1)
    label = random.integers(0, 2, COUNT)
    return pd.DataFrame({"letter": letters(label), "label": label, **columns})


@dataclass
class Trained:
    rows: pd.DataFrame
    outcome: Outcome


def trained(rows: pd.DataFrame, **fields: Any) -> Trained:
    task = Task(label_column="label", max_trials=fields.pop("max_trials", 3), **fields)
    table = pa.Table.from_pandas(rows)
    return Trained(rows, train(table, task, budget=Budget(float("inf")), threads=1))


@pytest.fixture(scope="module")
def binary() -> Trained:
    return trained(frame())


def test_texts_are_learned_by_linear_models_and_by_trees(binary: Trained) -> None:
    result = binary.outcome.result
    names = {row.candidate for row in result.leaderboard}
    assert {"linear-counts", "linear-ratios", "lightgbm-quick"} <= names
    assert result.test_scores["roc_auc"] > 0.99
    assert result.feature_importance == {"letter": pytest.approx(1.0)}
    assert result.permutation_importance["letter"] > 0.3
    assert result.build is not None
    (letter,) = result.build.columns
    assert (letter.kind, set(letter.grams)) == ("document", {"word", "char_wb"})


def test_terms_tell_what_speaks_for_each_class(binary: Trained) -> None:
    terms = binary.outcome.result.curves["terms"]["letter"]
    assert {"great", "lovely", "thanks"} <= {term.strip() for term, _ in terms["1"]}
    assert {"angry", "broken"} <= {term.strip() for term, _ in terms["0"]}


def test_a_saved_model_predicts_the_same_bits_for_many_and_for_one(
    binary: Trained, tmp_path: Path
) -> None:
    model = binary.outcome.model
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    expected = model.predict(binary.rows)
    pd.testing.assert_frame_equal(again.predict(binary.rows), expected, check_exact=True)
    one = again.predict(binary.rows.iloc[5:6])
    pd.testing.assert_frame_equal(one, expected.iloc[5:6], check_exact=True)
    files = {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert files <= {".json", ".npz", ".txt"}


def test_a_missing_text_is_answered_with_the_classes_shares(binary: Trained) -> None:
    shares = binary.rows["label"].value_counts(normalize=True)
    (answer,) = binary.outcome.model.predict(pd.DataFrame({"letter": [None]})).to_dict("records")
    assert answer["probability_1"] == pytest.approx(shares[1])
    assert answer["prediction"] == shares.idxmax()


def test_texts_may_be_missing_or_unheard_of_later(binary: Trained) -> None:
    rows = pd.DataFrame({"letter": [None, "", "   ", "zzz qqq", "thanks " * 200_000, "🎉", 7]})
    predicted = binary.outcome.model.predict(rows)
    assert np.isfinite(predicted.filter(like="probability")).all(axis=None)
    assert predicted["probability_1"][4] > 0.5


def test_three_classes_and_other_columns_beside_texts() -> None:
    random = np.random.default_rng(2)
    label = random.integers(0, 3, COUNT)
    rows = pd.DataFrame(
        {
            "letter": letters(label > 0),
            "age": np.where(label == 2, 60, 20) + random.normal(size=COUNT),
            "town": random.choice(["a", "b"], COUNT),
            "label": [("bad", "good", "old")[code] for code in label],
        }
    )
    done = trained(rows, max_trials=2)
    assert done.outcome.result.test_scores["accuracy"] > 0.9
    assert set(done.outcome.result.feature_importance) == {"letter", "age", "town"}
    only_text = trained(rows, max_trials=1, predictor_type=PredictorType.TEXT).outcome
    assert only_text.result.feature_columns == ["letter"]
    assert any("'age' is no text" in warning for warning in only_text.result.warnings)


def test_tabular_looks_at_sizes_and_frequent_words_alone() -> None:
    outcome = trained(frame(), max_trials=1, predictor_type=PredictorType.TABULAR).outcome
    assert outcome.result.best_candidate == "lightgbm-quick"
    assert outcome.result.build is not None


def test_values_are_learned_of_texts() -> None:
    rows = frame()
    rows["label"] = 100 + 10 * rows["label"] + np.random.default_rng(3).normal(size=COUNT)
    done = trained(rows, max_trials=1)
    assert done.outcome.result.best_candidate == "linear-counts"
    assert done.outcome.result.test_scores["r2"] > 0.6
    terms = done.outcome.result.curves["terms"]["letter"]
    assert "great" in {term.strip() for term, _ in terms["higher"]}


def test_languages_without_spaces_are_read_by_characters() -> None:
    random = np.random.default_rng(4)
    label = random.integers(0, 2, COUNT)
    plain, good, bad = "荷物注文確認書類番号送付明日会社電話", "感謝", "不満"
    rows = pd.DataFrame(
        {
            "letter": [
                "".join(random.choice(list(plain), 14)) + (good if positive else bad)
                for positive in label
            ],
            "label": label,
        }
    )
    done = trained(rows, max_trials=1)
    assert done.outcome.result.test_scores["roc_auc"] > 0.95


def test_vocabulary_does_not_look_at_the_label() -> None:
    rows = frame()
    shuffled = rows.assign(label=rows["label"].sample(frac=1, random_state=0).to_numpy())
    tables = (pa.Table.from_pandas(table) for table in (rows, shuffled))
    one, other = (TextReader().read(table, ["letter"])[0] for table in tables)
    assert one == other
    noise = trained(shuffled, max_trials=1).outcome.result
    assert abs(noise.test_scores["roc_auc"] - 0.5) < 0.15


def test_a_slow_machine_looks_at_less_of_long_and_of_many_texts() -> None:
    def plan(count: int, length: int, probe: float, seconds: float = 60) -> TextPlan:
        clock = itertools.count(0.0, probe)  # what is timed takes this long
        texts = [("some words " * (length // 11 + 1))[:length]] * count
        return TextPlan.within(seconds, texts, 0, lambda: next(clock))

    assert plan(5_000, 100, 0.1) == TextPlan()
    assert plan(5_000, 100, 0.5) == TextPlan(characters=False)
    long = plan(500, 10_000, 0.5)
    assert not long.characters
    assert 200 <= long.longest < 2_000
    assert plan(500, 10_000, 0.01) == TextPlan()
    assert plan(500, 10_000, 0.5, float("inf")) == TextPlan()


def test_texts_with_nothing_in_common_are_not_documents() -> None:
    assert Document.fit(pa.array(["", None, " "] * 10), "x", TextPlan(), 0) is None


TEXT = st.one_of(
    st.none(),
    st.just(""),
    st.just("the of and"),
    st.just("👍🏽 🎉"),
    st.just("x" * 1_000_000),
    st.text(max_size=30),
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(WORDS), min_size=3, max_size=12).map(" ".join),
)


@given(st.lists(TEXT, min_size=12, max_size=40), st.sampled_from([None, *PredictorType]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_texts_train_or_give_one_of_our_errors(
    texts: list[str | None], kind: PredictorType | None
) -> None:
    label = ["yes", "no"] * (len(texts) // 2) + ["no"] * (len(texts) % 2)
    table = pa.table({"text": pa.array(texts, pa.string()), "label": label})
    linear = frozenset({*AutoMLAlgorithm, *ModelFamily} - {ModelFamily.LINEAR})
    task = Task(label_column="label", predictor_type=kind, max_trials=1, exclude_algorithms=linear)
    try:
        outcome = train(table, task, budget=Budget(float("inf")), threads=1)
    except AutoMLError:
        return
    predicted = outcome.model.predict(table)
    assert np.isfinite(predicted.filter(like="probability")).all(axis=None)


def test_vowpal_wabbit_sees_the_words_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 2 * COUNT)
    telling = random.integers(0, 100, (len(label), 3)) + 100 * label[:, None]  # each of them rare
    letters_ = [
        " ".join([*random.choice(WORDS, 6), *(f"telling{word:03d}" for word in row)])
        for row in telling
    ]
    rows = pd.DataFrame({"letter": letters_, "label": label})
    asked = {"algorithm": AutoMLAlgorithm.VW_CLASSIFIER, "max_trials": 1}
    seen = trained(rows, **asked).outcome
    predicted = seen.model.predict(rows.head(20))
    seen.model.save(tmp_path / "model")
    again = load_model(tmp_path / "model").predict(rows.head(20))
    pd.testing.assert_frame_equal(again, predicted, check_exact=True)
    monkeypatch.setattr(vw_text, "gram_lines", lambda values: [""] * values.shape[0])
    unseen = trained(rows, **asked).outcome.result.test_scores["roc_auc"]
    known = seen.result.test_scores["roc_auc"]
    assert known > 0.9
    assert 1 - known < 0.5 * (1 - unseen)
