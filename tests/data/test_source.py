"""What a source may be, and how a source that cannot be read is refused."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.snapshot import take_snapshot
from automl_magics.data.source import ROWS, Source, read_source
from automl_magics.data.staging import open_staged, stage_source
from automl_magics.settings import Settings

ROW = [{"a": 1, "b": "x"}]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "automl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds one row in every format, and a secret beside it."""
    folder = tmp_path / "root, with comma"
    folder.mkdir()
    frame = pd.DataFrame(ROW)
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_csv(folder / "a b.csv", index=False)
    frame.to_csv(folder / "a.tsv", sep="\t", index=False)
    frame.to_csv(folder / "a.csv.gz", index=False)
    frame.to_parquet(folder / "a.parquet")
    frame.to_json(folder / "a.jsonl", lines=True, orient="records")
    frame.to_json(folder / "a.json", orient="records")
    feather.write_feather(frame, str(folder / "a.arrow"))
    (tmp_path / "secret.csv").write_text("s\nsecret\n")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    return folder


@pytest.mark.parametrize(
    "name",
    ["a.csv", "a b.csv", "a.tsv", "a.csv.gz", "a.parquet", "a.jsonl", "a.json", "a.arrow"],
)
def test_files_are_read_by_their_kind(home: Settings, folder: Path, name: str) -> None:
    assert read_source(home, name, folder=folder).to_pylist() == ROW
    assert read_source(home, f"'{name}'", folder=folder).to_pylist() == ROW
    assert read_source(home, str(folder / name), folder=Path("/")).to_pylist() == ROW
    assert _confined(folder, name) == [(1, "x")]
    assert _confined(folder, f"SELECT * FROM '{name}'") == [(1, "x")]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(ROW),
        pl.DataFrame(ROW),
        pl.LazyFrame(ROW),
        pa.Table.from_pylist(ROW),
        pa.RecordBatch.from_pylist(ROW),
        duckdb.sql("SELECT 1 AS a, 'x' AS b"),
    ],
    ids=lambda frame: f"{type(frame).__module__.split('.')[0]}.{type(frame).__name__}",
)
@pytest.mark.parametrize("text", ["df", "SELECT * FROM df", "FROM df;", 'SELECT * FROM "df"'])
def test_a_notebooks_variables_are_seen_by_name(
    home: Settings, folder: Path, frame: Any, text: str
) -> None:
    assert read_source(home, text, namespace={"df": frame}, folder=folder).to_pylist() == ROW


def test_frames_and_files_meet_in_one_query(home: Settings, folder: Path) -> None:
    query = "WITH df2 AS (SELECT * FROM df) SELECT f.b FROM df2 JOIN 'a.csv' f USING (a)"
    found = read_source(home, query, namespace={"df": pl.DataFrame(ROW)}, folder=folder)
    assert found.to_pylist() == [{"b": "x"}]


def test_a_table_of_the_workspace_is_a_source(home: Settings, folder: Path) -> None:
    with duckdb.connect(str(home.workspace_path)) as workspace:
        workspace.execute("CREATE TABLE churn AS SELECT 5 AS five")
    assert read_source(home, "churn", folder=folder).to_pylist() == [{"five": 5}]
    with pytest.raises(InvalidInput, match="Did you mean 'churn'"):
        read_source(home, "chrun", folder=folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is no source"),
        ("nope", "no table, file or data frame 'nope'"),
        ("a.csb", "Did you mean 'a.csv'"),
        ("sub/nope.csv", "There is no file 'sub/nope.csv'"),
        ("selec * from a", 'The SQL does not parse: syntax error at or near "selec"'),
        ("parts/*.csv", "Several files at once"),
        ("https://example.org/a.csv", "Addresses are not read"),
        ("SELECT * FROM nope", "Table with name nope does not exist"),
        ("SELECT zz FROM 'a.csv'", 'column "zz" not found'),
        ("DROP TABLE a", "one SELECT and nothing else"),
        ("SELECT 1; SELECT 2", "one SELECT and nothing else"),
        ("COPY (SELECT 1) TO 'out.csv'", "one SELECT and nothing else"),
        ("ATTACH 'x.db'", "one SELECT and nothing else"),
    ],
)
def test_what_is_no_source_is_refused_in_one_line(
    home: Settings, folder: Path, text: str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as refused:
        read_source(home, text, folder=folder)
    assert "\n" not in str(refused.value)
    assert not (folder / "out.csv").exists()


@pytest.mark.parametrize("name", ["bad.parquet", "bad.arrow", "bad.json"])
def test_a_damaged_file_is_refused_in_one_line(home: Settings, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x00\xff{this is not it")
    with pytest.raises(InvalidInput) as refused:
        read_source(home, name, folder=folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "../secret.csv",
        "link.csv",
        "SELECT * FROM '../secret.csv'",
        "SELECT * FROM 'link.csv'",
        "SELECT * FROM read_csv('{outside}')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '{outside}'",
        "{outside}",
        "SELECT * FROM 'a.csv', '{outside}'",
        "SELECT * FROM read_csv('a.csv/../../secret.csv')",
        "SELECT (SELECT s FROM '{outside}')",
    ],
)
def test_a_confined_source_reaches_nothing_outside_its_root(folder: Path, text: str) -> None:
    outside = folder.parent / "secret.csv"
    with pytest.raises(InvalidInput):
        _confined(folder, text.format(outside=outside))


def test_frames_that_arrow_cannot_hold_are_refused_in_words(home: Settings, folder: Path) -> None:
    mixed = pd.DataFrame({"a": [1, "x", object()]})
    with pytest.raises(InvalidInput, match="'a' of df holds values of different types"):
        read_source(home, "df", namespace={"df": mixed}, folder=folder)
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(InvalidInput, match="two columns named 'a'"):
        read_source(home, "df", namespace={"df": twice}, folder=folder)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": [2**70, 1]}, "Column 'a' of df cannot be read: "),
        ({"a": ["\ud800", "x"]}, "Column 'a' of df cannot be read: "),
        ({"a": [Decimal("Infinity"), Decimal(1)]}, "Column 'a' of df cannot be read: "),
        ({"a": [{}, {}]}, "df cannot be written as Parquet: "),
        ({"a": [1], "A": [2]}, "df has columns 'a' and 'A', which SQL takes for the same"),
        ({"a": [1], "": [2]}, "df has a column called ''"),
    ],
)
def test_frames_that_cannot_be_set_aside_leave_nothing_behind(
    home: Settings, folder: Path, columns: dict[str, Any], words: str
) -> None:
    frame = pd.DataFrame({name: pd.Series(of, dtype=object) for name, of in columns.items()})
    with pytest.raises(InvalidInput) as refused:
        stage_source(home, "df", namespace={"df": frame}, folder=folder)
    assert refused.value.message.startswith(words)
    assert refused.value.hint
    assert not any(home.folder("staged").iterdir())


def test_a_staged_source_is_bound_to_its_text(home: Settings, folder: Path) -> None:
    frame = pd.DataFrame(ROW)
    staged = stage_source(home, "SELECT * FROM df", namespace={"df": frame}, folder=folder)
    place = home.staged_folder(staged)
    frame.loc[0, "a"] = 2
    source = open_staged(place, "SELECT * FROM df", home)
    with source.open() as connection:
        assert connection.table(ROWS).fetchall() == [(1, "x")]
    with pytest.raises(InvalidInput, match="belongs to another text"):
        open_staged(place, "SELECT * FROM '/etc/passwd'", home)


@pytest.mark.parametrize("confined", [False, True])
def test_a_snapshot_keeps_rows_order_and_hash(folder: Path, confined: bool) -> None:
    pd.DataFrame({"a": range(50_000)}).to_csv(folder / "big.csv", index=False)
    source = Source("big.csv", folder, root=folder if confined else None)
    first = take_snapshot(source, folder / "one.parquet")
    second = take_snapshot(source, folder / "two.parquet")
    assert first.sha256 == second.sha256
    assert (first.rows, first.columns) == (50_000, 1)
    assert first.size_bytes == (folder / "one.parquet").stat().st_size
    assert pd.read_parquet(first.path)["a"].is_monotonic_increasing


def _confined(folder: Path, text: str) -> list[Any]:
    with Source(text, folder, root=folder).open() as connection, reading_errors():
        return connection.table(ROWS).fetchall()


def test_words_of_a_csv_stay_words(home: Settings, folder: Path) -> None:
    (folder / "words.csv").write_text("label,flag\nyes,true\nno,false\nyes,\n")
    assert read_source(home, "words.csv", folder=folder).to_pylist() == [
        {"label": "yes", "flag": True},
        {"label": "no", "flag": False},
        {"label": "yes", "flag": None},
    ]
