from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.engine import Outcome
from automl_magics.training.model import TrainedModel

Quickly = Callable[..., Outcome]


@pytest.fixture(scope="module")
def frame(customers: pa.Table) -> pd.DataFrame:
    return customers.to_pandas()


@pytest.fixture
def model(quickly: Quickly, customers: pa.Table) -> TrainedModel:
    return quickly(customers, "churned").model


def test_rows_keep_order_and_index(model: TrainedModel, frame: pd.DataFrame) -> None:
    rows = frame.drop(columns="churned").sample(50, random_state=1)
    predicted = model.predict(rows)
    assert list(predicted.columns) == ["prediction", "probability_no", "probability_yes"]
    assert list(predicted.columns) == model.output_columns
    assert predicted.index.equals(rows.index)
    alone = pd.concat([model.predict(rows.iloc[[i]]) for i in range(len(rows))])
    pd.testing.assert_frame_equal(alone, predicted)
    likely = predicted["probability_yes"] > 0.5
    assert (predicted["prediction"] == np.where(likely, "yes", "no")).all()


def test_no_rows_give_no_predictions(model: TrainedModel, frame: pd.DataFrame) -> None:
    predicted = model.predict(frame.head(0))
    assert list(predicted.columns) == model.output_columns
    assert len(predicted) == 0


def test_inputs_are_the_columns_that_are_used(model: TrainedModel, frame: pd.DataFrame) -> None:
    assert model.input_columns == {
        "tenure": "integer",
        "contract": "text",
        "paperless": "boolean",
        "total": "text",
        "since": "datetime",
        "discount": "float",
    }
    model.predict(frame[list(model.input_columns)])
    with pytest.raises(InvalidInput, match="'contract'"):
        model.predict(frame.drop(columns="contract"))


def test_a_loaded_model_predicts_bit_for_bit_the_same(
    model: TrainedModel, frame: pd.DataFrame, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    loaded = TrainedModel.load(tmp_path / "model")
    pd.testing.assert_frame_equal(loaded.predict(frame), model.predict(frame), check_exact=True)
    assert loaded.input_columns == model.input_columns
    assert loaded.importance() == model.importance()
    endings = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert endings <= {".json", ".npz", ".txt", ".ubj"}


@pytest.mark.parametrize(
    ("classes", "kind", "names"),
    [
        ([False, True], np.dtype(bool), ["False", "True"]),
        ([3, 7], np.dtype("int64"), ["3", "7"]),
        ([0.0, 1.0], np.dtype("float64"), ["0", "1"]),
        ([0.5, 1.5], np.dtype("float64"), ["0.5", "1.5"]),
    ],
)
def test_predictions_have_the_type_of_the_label(
    quickly: Quickly, tmp_path: Path, classes: list[float], kind: np.dtype, names: list[str]
) -> None:
    x = np.arange(80)
    table = pa.table({"x": x, "y": pa.array([classes[int(v % 4 > 1)] for v in x]), "z": x % 4})
    outcome = quickly(table, "y")
    assert outcome.result.classes == names
    assert outcome.model.classes == tuple(classes)
    outcome.model.save(tmp_path)
    predicted = TrainedModel.load(tmp_path).predict(table)
    assert predicted["prediction"].dtype == kind
    assert (predicted["prediction"] == table["y"].to_pandas()).all()
    assert list(predicted.columns[1:]) == [f"probability_{name}" for name in names]


def test_importance_is_by_column_and_sums_to_one(model: TrainedModel) -> None:
    shares = model.importance()
    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert set(shares) == set(model.input_columns)
