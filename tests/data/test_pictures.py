"""Files of pictures that columns name: found beside the data, frozen, and never from outside."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.pictures import PictureFiles, read_pictures
from automl_magics.data.snapshot import take_snapshot
from automl_magics.data.source import Source
from tests.pictures import encoded

PICTURE = encoded(Image.new("RGB", (8, 8), "red"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "served"
    (root / "set" / "pics").mkdir(parents=True)
    (root / "set" / "pics" / "a.png").write_bytes(PICTURE)
    (root / "set" / "pics" / "notes.png").write_bytes(b"a secret that is called a picture")
    (tmp_path / "outside.png").write_bytes(PICTURE)
    return root


def test_nothing_from_outside_the_root_is_read(root: Path, tmp_path: Path) -> None:
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    (root / "up").symlink_to(tmp_path)
    (root / "inside.png").symlink_to(root / "set" / "pics" / "a.png")
    files = PictureFiles([root], root)
    outside = ["../outside.png", str(tmp_path / "outside.png"), "link.png", "up/outside.png"]
    assert [files.read(name) for name in outside] == [None] * 4
    assert files.read("set/pics/a.png") == PICTURE
    assert files.read("inside.png") == PICTURE
    assert files.read(str(root / "set" / "pics" / "a.png")) == PICTURE
    free = PictureFiles([root])
    assert [free.read(name) for name in outside] == [PICTURE] * 4


def test_what_is_no_picture_is_not_taken_up(root: Path) -> None:
    os.mkfifo(root / "pipe.png")
    (root / "large.png").write_bytes(PICTURE)
    os.truncate(root / "large.png", 65_000_000)
    files = PictureFiles([root], root)
    assert files.read("set/pics/notes.png") == b""
    for name in ("pipe.png", "large.png", "set", "not there.png", "a\0b.png", "x" * 5000, ""):
        assert files.read(name) is None


@pytest.mark.parametrize(
    "text", ["set/rows.csv", "SELECT * FROM 'set/rows.csv'", 'SELECT * FROM "set/rows.csv" r']
)
@pytest.mark.parametrize("confined", [True, False])
def test_a_snapshot_is_whole_without_the_files(root: Path, text: str, confined: bool) -> None:
    rows = "picture,name\npics/a.png,x\npics/gone.png,y\n,z\npics/notes.png,w\n"
    (root / "set" / "rows.csv").write_text(rows)
    source = Source(text, root, root=root if confined else None)
    snapshot = take_snapshot(source, root / "frozen.parquet", pictures=True)
    assert (snapshot.rows, snapshot.columns) == (4, 2)
    frozen = pq.read_table(root / "frozen.parquet")
    assert frozen.column("picture").to_pylist() == [
        {"bytes": PICTURE, "path": "pics/a.png"},
        {"bytes": None, "path": "pics/gone.png"},
        None,
        {"bytes": b"", "path": "pics/notes.png"},
    ]
    assert frozen.column("name").to_pylist() == ["x", "y", "z", "w"]
    again = take_snapshot(source, root / "again.parquet", pictures=True)
    assert again.sha256 == snapshot.sha256


def test_names_stay_names_where_no_picture_is_there(root: Path) -> None:
    (root / "rows.csv").write_text("picture,name\nx.png,1\ny.png,2\n")
    take_snapshot(Source("rows.csv", root, root=root), root / "frozen.parquet", pictures=True)
    assert pq.read_schema(root / "frozen.parquet").field("picture").type == pa.string()


def test_rows_to_predict_may_name_pictures(root: Path) -> None:
    files = PictureFiles([root / "set"])
    frame = pd.DataFrame({"picture": ["pics/a.png", PICTURE, None, "pics/gone.png"], "n": 1})
    found = read_pictures(frame, ["picture"], files)
    assert found["picture"].tolist() == [
        {"bytes": PICTURE, "path": "pics/a.png"},
        {"bytes": PICTURE, "path": None},
        None,
        {"bytes": None, "path": "pics/gone.png"},
    ]
    assert frame["picture"][0] == "pics/a.png"
    table = pa.table({"picture": ["pics/a.png"], "n": [1]})
    read = read_pictures(table, ["picture"], files).column("picture")
    assert read.to_pylist() == [{"bytes": PICTURE, "path": "pics/a.png"}]
    assert read_pictures(table, [], files) is table
    as_text = pa.table({"picture": ["iVBORw0KGgo="], "day": ["2026-11-27"]})
    assert read_pictures(as_text, ["picture", "day"], files).equals(as_text)


@pytest.mark.parametrize("frame", [pd.DataFrame, pa.table])
def test_files_none_of_which_is_a_picture_are_refused(root: Path, frame: Any) -> None:
    files = PictureFiles([root / "set"])
    asked = frame({"picture": ["pics/gone.png", "pics/notes.png"]})
    with pytest.raises(InvalidInput, match=r"None of the files .* such as 'pics/gone.png'"):
        read_pictures(asked, ["picture"], files)
