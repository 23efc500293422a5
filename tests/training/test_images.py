"""Columns of pictures: every kind of file, corrupt ones, and models that learn from them."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from automl_magics.contracts.enums import PredictorType, Preset
from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.training.batches import HeldRows, StoredRows
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.images import decoding, preparing
from automl_magics.training.images.decoding import Unreadable, decode
from automl_magics.training.images.image import Image
from automl_magics.training.images.preparing import LARGE, SMALL, PreparedPictures, prepare_pictures
from automl_magics.training.networks.backbone import Backbone
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task
from tests.pictures import drawn, encoded, shapes

RANDOM = np.random.default_rng(0)
RGB = Pillow.fromarray(RANDOM.integers(0, 256, (20, 40, 3)).astype(np.uint8))
WIDE = np.tile(np.linspace(0, 65535, 40).astype(np.uint16), (20, 1))


def _turned() -> bytes:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    return encoded(RGB, "JPEG", exif=exif)


FILES: dict[str, bytes] = {
    "png": encoded(RGB),
    "grey": encoded(RGB.convert("L")),
    "one bit": encoded(RGB.convert("1")),
    "palette": encoded(RGB.convert("P"), transparency=3),
    "transparent": encoded(RGB.convert("RGBA")),
    "grey and transparent": encoded(RGB.convert("LA")),
    "16 bits": encoded(Pillow.fromarray(WIDE)),
    "floats": encoded(Pillow.fromarray(WIDE.astype(np.float32) / 7 - 3), "TIFF"),
    "cmyk": encoded(RGB.convert("CMYK"), "JPEG"),
    "animated": encoded(RGB, "GIF", save_all=True, append_images=[RGB.rotate(90)]),
    "bmp": encoded(RGB, "BMP"),
    "webp": encoded(RGB, "WEBP"),
    "dot": encoded(Pillow.new("RGB", (1, 1))),
    "line": encoded(Pillow.new("RGB", (4000, 1))),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("side", [SMALL, LARGE])
def test_every_kind_of_file_is_decoded(name: str, side: int) -> None:
    picture = decode(FILES[name], side)
    assert picture.pixels.shape == (side, side, 3)
    assert picture.pixels.dtype == np.uint8


def test_16_bits_keep_their_range() -> None:
    pixels = decode(FILES["16 bits"], SMALL).pixels
    assert pixels.min() < 10
    assert pixels.max() > 245


def test_what_is_transparent_becomes_white() -> None:
    clear = Pillow.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (decode(encoded(clear), SMALL).pixels == 255).all()


def test_a_picture_is_turned_as_its_exif_says() -> None:
    turned, plain = decode(_turned(), SMALL), decode(encoded(RGB, "JPEG"), SMALL)
    assert (turned.width, turned.height) == (20, 40)
    np.testing.assert_array_equal(turned.pixels, np.rot90(plain.pixels, -1))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"no picture at all", "no picture"),
        (FILES["png"][:60], "corrupt"),
        (FILES["cmyk"][:200], "corrupt|no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
    ],
)
def test_what_cannot_be_decoded_is_said(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        decode(content, SMALL)


def test_a_bomb_is_not_unpacked() -> None:
    side = int(decoding.MAX_PIXELS**0.5) + 1
    with pytest.raises(Unreadable, match="million pixels"):
        decode(encoded(Pillow.new("1", (side, side))), SMALL)


def prepared(table: pa.Table, seconds: float = 60.0) -> PreparedPictures:
    return prepare_pictures(
        HeldRows(table), ["picture"], np.arange(len(table)), seconds=seconds, threads=2, seed=0
    )


def no_network() -> Backbone:
    raise AssertionError


def column(contents: list[bytes | None]) -> pa.Table:
    return pa.table({"picture": pa.array(contents, pa.binary())})


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return shapes(240)


def test_descriptors_are_finite_and_the_same_bits_alone_and_after_saving(table: pa.Table) -> None:
    odd = column(list(FILES.values())).append_column("shape", pa.array([None] * len(FILES)))
    whole = pa.concat_tables([table, odd.cast(table.schema)])
    found = prepared(whole)
    encoder = found.encoders["picture"]
    values = encoder.encode(found.columns["picture"], "picture")
    assert np.isfinite(values).all()
    assert values.shape == (len(whole), len(encoder.features))
    again = Image.from_document(json.loads(json.dumps(encoder.to_document())), no_network)
    contents = whole.column("picture").combine_chunks()
    np.testing.assert_array_equal(again.encode(contents, "picture"), values)
    for row in (0, 7, len(whole) - 1):
        alone = again.encode(contents.slice(row, 1), "picture")
        np.testing.assert_array_equal(alone, values[row : row + 1])


def test_a_short_budget_describes_less(table: pa.Table) -> None:
    long, short = prepared(table), prepared(pa.concat_tables([table] * 4), seconds=0.4)
    assert long.encoders["picture"].patches is not None
    assert long.encoders["picture"].side == LARGE
    assert short.encoders["picture"].patches is None
    assert short.encoders["picture"].side == SMALL
    assert len(short.rows) < 4 * len(table)
    assert "The time limit is short for 960 pictures" in short.warnings[0]


def test_stored_pictures_are_described_as_held_ones_however_few_are_learned_from(
    table: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "LEARNED_FROM", 100)
    contents = table.column("picture").to_pylist()
    contents[3], contents[239], contents[11] = b"junk", b"junk", None
    table = table.set_column(0, "picture", pa.array(contents, pa.binary()))
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=50)
    chosen = np.arange(2, 240)
    asked: dict[str, Any] = {"seconds": 60.0, "threads": 2, "seed": 0}
    held = prepare_pictures(HeldRows(table), ["picture"], chosen, **asked)
    stored = prepare_pictures(
        StoredRows(tmp_path / "rows.parquet"), ["picture"], chosen, **asked, plans=held.plans
    )
    assert stored.rows.tolist() == [row for row in chosen if row not in (3, 239)]
    assert stored.columns["picture"].equals(held.columns["picture"])
    assert stored.columns["picture"].null_count == 1
    assert "row 4 is no picture that can be read, row 240 is no picture" in stored.warnings[0]
    kept = table.take(pa.array(stored.rows)).column("picture").combine_chunks()
    np.testing.assert_array_equal(
        stored.encoders["picture"].encode(kept, "picture"),
        held.encoders["picture"].encode(stored.columns["picture"], "picture"),
    )
    assert StoredRows(tmp_path / "rows.parquet").gaps == {"picture"}
    beside = stored.beside(table.select(["shape"]), table.column_names)
    assert beside.column_names == table.column_names


def test_up_to_five_corrupt_pictures_are_named_and_left_out(table: pa.Table) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    contents: list[dict[str, Any] | None] = [
        {"bytes": content, "path": f"{row}.png"}
        for row, content in enumerate(table.column("picture").to_pylist()[:40])
    ]
    for row in range(7):
        contents[row] = {"bytes": b"junk" if row else None, "path": f"{row}.png"}
    contents[39] = None
    found = prepared(pa.table({"picture": pa.array(contents, kind)}))
    assert found.rows.tolist() == list(range(7, 40))
    assert found.columns["picture"].null_count == 1
    warning = found.warnings[0]
    assert warning.startswith("7 rows are left out, whose 'picture' cannot be read: '0.png' is not")
    assert "'4.png' is no picture that can be read, and 2 more." in warning


def learned(table: pa.Table, label: str, **fields: Any) -> Outcome:
    task = Task(label_column=label, max_trials=3, preset=Preset.FAST, **fields)
    return train(table, task, budget=Budget(float("inf")), threads=2)


def test_shapes_are_told_apart(table: pa.Table, tmp_path: Path) -> None:
    outcome = learned(table, "shape")
    result = outcome.result
    assert result.test_scores["accuracy"] > 0.85
    assert result.feature_importance == {"picture": 1.0}
    assert result.permutation_importance["picture"] > 0.1
    assert outcome.model.input_columns == {"picture": "image"}
    outcome.model.save(tmp_path / "model")
    model = load_model(tmp_path / "model")
    unseen = shapes(60, seed=1)
    predicted = outcome.model.predict(unseen)
    assert (predicted["prediction"] == unseen.column("shape").to_pylist()).mean() > 0.85
    assert model.predict(unseen).equals(predicted)
    assert model.predict(unseen.slice(5, 1)).equals(predicted.iloc[5:6].reset_index(drop=True))
    missing = model.predict(column([None, b"junk"])).drop(columns="prediction")
    assert missing.to_numpy() == pytest.approx(1 / 3)  # as often as they are in training


def test_pictures_come_as_base_64_and_paths_are_not_opened(table: pa.Table, tmp_path: Path) -> None:
    model = learned(table.slice(0, 60), "shape").model
    content = table.column("picture")[0].as_py()
    text = base64.b64encode(content).decode()
    as_bytes = model.predict(column([content]))
    assert model.predict(pa.table({"picture": [text]})).equals(as_bytes)
    assert model.predict(pa.table({"picture": [f"data:image/png;base64,{text}"]})).equals(as_bytes)
    (tmp_path / "there.png").write_bytes(content)
    with pytest.raises(InvalidInput, match="neither bytes nor base 64"):
        model.predict(pa.table({"picture": [str(tmp_path / "there.png")]}))
    with pytest.raises(InvalidInput, match="holds int64 where the model needs pictures"):
        model.predict(pa.table({"picture": [1]}))


def test_a_regression_on_pictures(table: pa.Table) -> None:
    dark = [float(decode(x, SMALL).pixels.mean()) for x in table.column("picture").to_pylist()]
    outcome = learned(table.drop_columns(["shape"]).append_column("dark", [dark]), "dark")
    assert outcome.result.test_scores["r2"] > 0.8
    (usual,) = outcome.model.predict(column([None]))["prediction"]
    assert usual == pytest.approx(np.mean(dark))


def test_pictures_texts_and_numbers_are_better_together() -> None:
    rows = 240
    table, random = shapes(rows), np.random.default_rng(2)
    round_, long, large = (random.integers(0, 2, rows) for _ in range(3))
    pictures = [encoded(drawn("circle" if flag else "cross", random)) for flag in round_.tolist()]
    words = [
        f"{'quite a long and winding road' if flag else 'a short walk to the shop'} number {row}"
        for row, flag in enumerate(long.tolist())
    ]
    size = large + random.normal(0, 0.3, rows)
    parts = {"picture": pa.array(pictures, pa.binary()), "text": words, "size": size}
    label = pa.array((round_ + long + large) >= 2)
    table = pa.table({**parts, "label": label})
    scores = {
        name: learned(table.select([name, "label"]), "label").result.test_scores["roc_auc"]
        for name in parts
    }
    together = learned(table, "label").result
    assert set(together.feature_columns) == set(parts)
    assert together.test_scores["roc_auc"] > max(scores.values()) + 0.05


def test_a_predictor_type_leaves_out_what_is_not_of_it(table: pa.Table) -> None:
    size = pa.array(np.arange(len(table)) % 7)
    both = table.append_column("size", size)
    as_image = learned(both, "shape", predictor_type=PredictorType.IMAGE)
    assert as_image.result.feature_columns == ["picture"]
    as_table = learned(both, "shape", predictor_type=PredictorType.TABULAR)
    assert as_table.result.feature_columns == ["size"]
    assert any("holds images, and the predictor" in line for line in as_table.result.warnings)
    with pytest.raises(InvalidInput, match="needs a column that holds images"):
        learned(both.drop_columns(["picture"]), "shape", predictor_type=PredictorType.IMAGE)


GOOD = [encoded(drawn("circle", RANDOM, 32)), encoded(drawn("cross", RANDOM, 32), "JPEG")]
CONTENTS = st.one_of(
    st.none(), st.binary(max_size=60), st.sampled_from(GOOD),
    st.integers(5, 80).map(lambda end: GOOD[0][:end]),
    st.integers(0, 200).map(lambda at: GOOD[0][:at] + b"\xff" + GOOD[0][at + 1 :]),
)  # fmt: skip


def test_too_few_readable_pictures_are_refused() -> None:
    pictures = [GOOD[0]] * 3 + [GOOD[0][:60]] * 9
    table = pa.table({"picture": pa.array(pictures, pa.binary()), "label": [0, 1, 0, 1] * 3})
    task = Task(label_column="label", predictor_type=PredictorType.IMAGE, max_trials=1)
    with pytest.raises(InvalidInput, match="pictures can be read: Only 3 rows"):
        train(table, task, budget=Budget(float("inf")))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contents=st.lists(CONTENTS, min_size=12, max_size=24), as_struct=st.booleans())
def test_any_bytes_train_or_give_one_of_our_errors(
    contents: list[bytes | None], as_struct: bool
) -> None:
    values: pa.Array = pa.array(contents, pa.binary())
    if as_struct:
        paths = pa.array([f"{row}.png" if row % 3 else None for row in range(len(contents))])
        values = pa.StructArray.from_arrays([values, paths], ["bytes", "path"])
    label = [row % 2 for row in range(len(contents))]
    task = Task(label_column="label", predictor_type=PredictorType.IMAGE, max_trials=1)
    try:
        outcome = train(
            pa.table({"picture": values, "label": label}), task, budget=Budget(float("inf"))
        )
    except AutoMLError:
        return
    assert np.isfinite(outcome.result.validation_score)
    assert len(outcome.model.predict(pa.table({"picture": values}))) == len(contents)
