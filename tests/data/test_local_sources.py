"""DuckDB and SQLite files and folders as sources: read-only, and nothing beside them in reach."""

import os
import sqlite3
from datetime import date

import duckdb
import fsspec
import pytest

from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.contracts.sources import ConfiguredSource
from automl_magics.data import files
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.source import ROWS, Source
from automl_magics.data.sources.address import parse_address
from automl_magics.data.sources.listing import list_tables


@pytest.fixture
def sources(tmp_path):
    """One source of each kind, none of them under the server's root."""
    with sqlite3.connect(tmp_path / "shop.sqlite") as made:
        made.execute("CREATE TABLE orders (id INTEGER, price, note TEXT, late, none, raw)")
        rows = [(number, None, None, None, None, None) for number in range(3000)]
        rows += [(3000, 1, "x", 1, None, b"\x00"), (3001, 2.5, "y", "no", None, b"\xff")]
        made.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", rows)
        made.execute("CREATE VIEW \"odd 'view'\" AS SELECT 1 AS a")
    (tmp_path / "secret.csv").write_text("s\nsecret\n")
    with duckdb.connect(str(tmp_path / "mart.duckdb")) as made:
        made.execute("CREATE TABLE facts AS SELECT 1 AS a; CREATE SCHEMA eu")
        made.execute("CREATE TABLE eu.facts AS SELECT 2 AS a")
        made.execute(f"CREATE VIEW leak AS SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    lake = tmp_path / "lake"
    (lake / "sales" / "events").mkdir(parents=True)
    (lake / "people.csv").write_text("name,member\nada,yes\nbob,no\n")
    (lake / "sales" / "orders.csv").write_text("id\n1\n")
    for number in range(3):
        part = lake / "sales" / "events" / f"part-{number}.parquet"
        duckdb.sql(f"SELECT {number} AS n").write_parquet(str(part))
    (lake / "link.csv").symlink_to(tmp_path / "secret.csv")
    (lake / "linked").symlink_to(tmp_path)
    memory = fsspec.filesystem("memory")
    memory.pipe(f"{tmp_path}/far/remote.csv", b"a,b\n1,x\n")
    memory.pipe(f"{tmp_path}/far/secret.csv", b"s\nsecret\n")
    places = {
        "shop": str(tmp_path / "shop.sqlite"),
        "mart": str(tmp_path / "mart.duckdb"),
        "lake": str(lake),
        "far": f"memory://{tmp_path}/far",
    }
    return {
        name: ConfiguredSource(
            name=name, url=parse_address(place, folder=tmp_path).url, set_by="home"
        )
        for name, place in places.items()
    }


@pytest.fixture
def root(tmp_path):
    """The server's root."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "x.csv").write_text("id,extra\n1,a\n")
    return root


@pytest.fixture
def read(sources, root):
    def whole(text):
        source = Source(text, root, root=root, sources=sources)
        with source.open() as connection, reading_errors():
            return connection.table(ROWS).to_arrow_table().to_pylist()

    return whole


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("mart.facts", [{"a": 1}]),
        ("mart.eu.facts", [{"a": 2}]),
        ("SELECT a FROM mart.eu.facts UNION ALL SELECT a FROM mart.facts", [{"a": 2}, {"a": 1}]),
        ("lake.people", [{"name": "ada", "member": "yes"}, {"name": "bob", "member": "no"}]),
        ("SELECT name FROM lake.people WHERE member = 'no'", [{"name": "bob"}]),
        ("lake.sales.events", [{"n": 0}, {"n": 1}, {"n": 2}]),
        ("SELECT x.extra FROM lake.sales.orders JOIN 'x.csv' x USING (id)", [{"extra": "a"}]),
        ("far.remote", [{"a": 1, "b": "x"}]),
        ("SELECT sum(a) AS a FROM far.remote", [{"a": 1}]),
        ("shop.\"odd 'view'\"", [{"a": 1}]),
        ("SELECT count(*) AS n FROM shop.orders", [{"n": 3002}]),
    ],
)
def test_tables_are_read_by_their_names(read, text, rows):
    assert read(text) == rows


def test_a_column_of_sqlite_gets_the_type_that_holds_all_its_values(read):
    rows = read("shop.orders")
    assert rows[0] == dict.fromkeys(rows[0]) | {"id": 0}
    assert rows[-2:] == [
        {"id": 3000, "price": 1.0, "note": "x", "late": "1", "none": None, "raw": b"\x00"},
        {"id": 3001, "price": 2.5, "note": "y", "late": "no", "none": None, "raw": b"\xff"},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "mart.leak",
        "SELECT * FROM mart.leak",
        "lake.link",
        "lake.linked.secret",
        "lake.linked",
        "lake.secret",
        'lake.".."."secret"',
        'lake."../secret"',
        'lake."sales/../../secret"',
        "SELECT * FROM lake.people, read_csv('{place}/secret.csv')",
        "SELECT * FROM lake.people, read_csv('{place}/lake/sales/orders.csv')",
        "SELECT * FROM far.remote, read_csv('memory://{place}/far/secret.csv')",
        "SELECT * FROM read_text('{place}/shop.sqlite')",
        "SELECT * FROM sqlite_scan('{place}/shop.sqlite', 'orders')",
        "SELECT * FROM '{place}/mart.duckdb'",
        "{place}/lake/people.csv",
    ],
)
def test_a_source_opens_nothing_beside_it(read, tmp_path, text):
    with pytest.raises(AutoMLError) as error:
        read(text.replace("{place}", str(tmp_path)))
    assert "secret\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT * FROM gone",
        "WITH more AS (INSERT INTO {table} SELECT * FROM {table} RETURNING *) SELECT * FROM more",
        "DROP TABLE {table}",
        "SELECT 1; DELETE FROM {table}",
        "COPY {table} TO '{place}/out.csv'",
    ],
)
@pytest.mark.parametrize("table", ["mart.facts", "shop.orders", "lake.people", "far.remote"])
def test_no_source_is_written(read, tmp_path, text, table):
    def state():
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in files}

    before = state()
    with pytest.raises(InvalidInput):
        read(text.format(table=table, place=tmp_path))
    assert state() == before


def test_sources_list_their_tables(sources):
    found = {
        name: [(table.text, table.format, table.columns) for table in list_tables(source, within=5)]
        for name, source in sources.items()
    }
    assert found == {
        "shop": [("shop.\"odd 'view'\"", "sqlite", 1), ("shop.orders", "sqlite", 6)],
        "mart": [
            ("mart.facts", "duckdb", 1),
            ("mart.leak", "duckdb", 1),
            ("mart.eu.facts", "duckdb", 1),
        ],
        "lake": [
            ("lake.people", "csv", None),
            ("lake.sales.events", "parquet", None),
            ("lake.sales.orders", "csv", None),
        ],
        "far": [("far.remote", "csv", None), ("far.secret", "csv", None)],
    }


@pytest.mark.parametrize("name", ["shop", "mart", "lake"])
def test_a_place_that_is_gone_is_told(sources, read, tmp_path, name):
    for place in ("shop.sqlite", "mart.duckdb"):
        (tmp_path / place).unlink()
    (tmp_path / "lake").rename(tmp_path / "elsewhere")
    with pytest.raises(AutoMLError) as error:
        read(f"{name}.anything")
    assert str(tmp_path) not in str(error.value)


TEXT = "name,y\nJürgen,1\nÉlan,2\n"


@pytest.mark.parametrize(
    "encoded",
    [
        TEXT.encode("latin-1"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-8-sig"),
    ],
    ids=["latin-1", "utf-16", "utf-16-le", "utf-8-sig"],
)
def test_csv_is_read_in_its_encoding(read, root, encoded):
    (root / "people.csv").write_bytes(encoded)
    rows = [{"name": "Jürgen", "y": 1}, {"name": "Élan", "y": 2}]
    assert read("people.csv") == rows
    assert read("FROM 'people.csv'") == rows


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a;b;c\n1,5;x, y;2\n-1.234,25;z;3\n", {"a": 1.5, "b": "x, y", "c": 2}),
        ("a\tb\n1,5\tyes\n2\tno\n", {"a": 1.5, "b": "yes"}),
        ("a;b\n1,5;0.5\n2,5;1.5\n", {"a": "1,5", "b": 0.5}),
        ("a;b;c\nx;1,5,3;1\ny;2,5,1;2\n", {"a": "x", "b": "1,5,3", "c": 1}),
        ("a;b\n1,5;24.12.2024\n2,5;31.12.2024\n", {"a": 1.5, "b": date(2024, 12, 24)}),
    ],
    ids=["thousands", "words", "points too", "lists", "dates"],
)
def test_decimal_commas_are_read_where_a_file_has_no_points(read, root, text, first):
    (root / "prices.csv").write_text(text)
    assert read("prices.csv")[0] == first
    assert read("FROM 'prices.csv'")[0] == first


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "price\n5€\n".encode("cp1252"), "encoding that is not read.*iconv"),
        ("a.csv", b"\xfe\xff" + TEXT.encode("utf-16-be"), "high byte first.*iconv"),
        (
            "a.csv",
            b"x,y\n" + b"a,1\n" * 600_000 + b"\x80,1\n",
            "encoding that is not read.*iconv",
        ),
        ("a.csv", b"PK\x03\x04\x00\x00\x00", "not a text file"),
        ("a.xlsx", b"PK", "spreadsheet.*CSV.*read_excel"),
        ("a.ods", b"PK", "spreadsheet"),
        ("none.xls", None, "spreadsheet"),
    ],
    ids=["cp1252", "utf-16-be", "late", "binary", "xlsx", "ods", "no such xls"],
)
def test_what_cannot_be_read_says_so_with_the_remedy(read, root, name, content, says, monkeypatch):
    monkeypatch.setattr(files, "CHECKED_BYTES", files._CHUNK)
    if content is not None:
        (root / name).write_bytes(content)
    for text in (name, f"SELECT * FROM '{name}'"):
        with pytest.raises(InvalidInput, match=says) as error:
            read(text)
        assert str(root) not in str(error.value)
        assert os.linesep not in str(error.value)
