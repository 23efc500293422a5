import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.split import MAX_HELD_ROWS, hold_out, value_strata


@given(st.lists(st.integers(0, 5), min_size=3, max_size=300), st.integers(0, 9))
def test_every_row_is_on_one_side_and_no_class_is_held_out_whole(
    labels: list[int], seed: int
) -> None:
    strata = np.array(labels)
    rows = np.arange(len(strata))
    kept, held = hold_out(rows, 0.2, strata=strata, seed=seed)
    assert np.array_equal(np.sort(np.concatenate([kept, held])), rows)
    assert np.array_equal(kept, np.sort(kept))
    assert len(held)
    if len(set(labels)) == len(labels):
        return
    for label in set(labels):
        count = labels.count(label)
        assert label in strata[kept]
        assert count < 3 or label in strata[held]


def test_classes_keep_their_shares() -> None:
    strata = np.repeat([0, 1, 2], [1000, 100, 50])
    _, held = hold_out(np.arange(1150), 0.2, strata=strata)
    assert np.bincount(strata[held]).tolist() == [200, 20, 10]


def test_values_are_spread() -> None:
    values = np.random.default_rng(0).lognormal(0, 2, 1000)
    strata = value_strata(values)
    _, held = hold_out(np.arange(1000), 0.2, strata=strata)
    assert np.bincount(strata[held]).tolist() == [20] * 10


def test_groups_stay_whole() -> None:
    groups = np.repeat(np.arange(40), 5)
    kept, held = hold_out(np.arange(200), 0.2, groups=groups)
    assert not set(groups[kept]) & set(groups[held])
    assert len(held) == 40


def test_two_rows_of_one_group_cannot_be_split() -> None:
    with pytest.raises(InvalidInput) as refusal:
        hold_out(np.arange(4), 0.5, groups=np.zeros(4, int))
    assert refusal.value.field == "group_column"


def test_the_latest_rows_are_held_out() -> None:
    order = np.random.default_rng(0).permutation(50).astype(float)
    kept, held = hold_out(np.arange(50), 0.2, order=order)
    assert order[kept].max() < order[held].min()
    assert len(held) == 10


def test_the_same_seed_gives_the_same_split() -> None:
    strata = np.zeros(100, int)
    first = hold_out(np.arange(100), 0.2, strata=strata, seed=1)[1]
    again = hold_out(np.arange(100), 0.2, strata=strata, seed=1)[1]
    other = hold_out(np.arange(100), 0.2, strata=strata, seed=2)[1]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_more_rows_than_needed_are_held_out() -> None:
    rows = np.arange(1_000_000)
    _, held = hold_out(rows, 0.2, strata=np.zeros(len(rows), int))
    assert len(held) == MAX_HELD_ROWS
