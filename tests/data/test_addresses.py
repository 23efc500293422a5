"""Addresses of sources: their kinds, and that no password stands in one."""

import sqlite3

import duckdb
import pytest

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.sources import SourceKind
from automl_magics.data.sources.address import open_address, parse_address
from automl_magics.data.sources.references import references


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("sales.sqlite", SourceKind.SQLITE),
        ("sqlite:///sales.sqlite", SourceKind.SQLITE),
        ("sqlite://{folder}/sales.sqlite", SourceKind.SQLITE),
        ("sales.duckdb", SourceKind.DUCKDB),
        ("duckdb://sales.duckdb", SourceKind.DUCKDB),
        ("duckdb://not_yet.duckdb", SourceKind.DUCKDB),
        ("lake", SourceKind.FOLDER),
        ("{folder}/lake", SourceKind.FOLDER),
        ("file://{folder}/lake", SourceKind.FOLDER),
    ],
)
def test_what_lies_on_this_machine_is_told_by_its_url_or_its_first_bytes(tmp_path, text, kind):
    with sqlite3.connect(tmp_path / "sales.sqlite") as made:
        made.execute("CREATE TABLE t (a)")
    duckdb.connect(str(tmp_path / "sales.duckdb")).close()
    (tmp_path / "lake").mkdir()
    address = parse_address(text.format(folder=tmp_path), folder=tmp_path)
    assert address.kind is kind
    assert address.path.parent == tmp_path
    assert parse_address(address.url, folder=tmp_path / "lake") == address


@pytest.mark.parametrize(
    ("text", "kind", "url"),
    [
        ("postgres://ada@h/d", SourceKind.POSTGRESQL, "postgresql://ada@h/d"),
        ("postgresql:///d?host=/run/pg&sslmode=require&passfile=/x", SourceKind.POSTGRESQL, None),
        ("postgresql://ada:${{env:PW}}@h:5433,h2/d", SourceKind.POSTGRESQL, None),
        ("postgresql://ada@h/d?password=${{file:/run/secrets/pg}}", SourceKind.POSTGRESQL, None),
        ("s3://bucket/lake?key=${{env:K}}&secret=${{env:S}}", SourceKind.FOLDER, None),
        ("gs://bucket/lake", SourceKind.FOLDER, None),
        ("memory://lake", SourceKind.FOLDER, None),
    ],
)
def test_what_lies_elsewhere_is_told_by_its_url(tmp_path, text, kind, url):
    text = text.format()
    address = parse_address(text, folder=tmp_path)
    assert (address.kind, address.url, address.path) == (kind, url or text, None)


SECRET = "hunter2"  # noqa: S105


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ada:{SECRET}@h/d",
        f"postgresql://ada:{SECRET}${{env:PW}}@h/d",
        f"postgresql://ada:{SECRET}@{SECRET}@h/d",
        f"postgresql://ada:{SECRET}/x@h/d",
        f"postgresql://ada:{SECRET}?x@h/d",
        f"postgresql://ada:{SECRET}#x@h/d",
        f"postgresql://ada:%68{SECRET}@h/d",
        f"postgresql://h/d?user=ada&password={SECRET}",
        f"postgresql://h/d?sslpassword={SECRET}",
        f"s3://key:{SECRET}@bucket/lake",
        f"s3://bucket/lake?secret={SECRET}",
        f"gs://bucket/lake?token={SECRET}",
        f"abfs://c/lake?account_key={SECRET}",
        f"no file {SECRET}",
        f"host=h password={SECRET}",
        f"http://[{SECRET}",
    ],
)
def test_a_secret_in_an_address_is_refused_and_not_repeated(tmp_path, text):
    with pytest.raises(InvalidInput) as error:
        parse_address(text, folder=tmp_path)
    assert SECRET not in str(error.value)
    assert error.value.hint


def test_references_are_replaced_when_the_source_is_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("PW", "a/b@c d")
    (tmp_path / "pw").write_text("from file\r\nsecond line\n")
    text = f"postgresql://ada:${{env:PW}}@h/d?sslpassword=${{file:{tmp_path}/pw}}"
    opened = open_address(parse_address(text, folder=tmp_path))
    assert opened.url == "postgresql://ada:a%2Fb%40c%20d@h/d?sslpassword=from%20file"
    assert "a%2Fb" not in repr(opened)
    text = "s3://bucket/lake?secret=${env:PW}&anon=false"
    opened = open_address(parse_address(text, folder=tmp_path))
    assert (opened.url, opened.options) == (
        "s3://bucket/lake",
        {"secret": "a/b@c d", "anon": "false"},
    )


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("SELECT a, b FROM crm.s.t WHERE c > 1", {"a", "b", "c"}),
        ("SELECT count(*) FROM crm.s.t", set()),
        ("FROM crm.s.t SELECT A", {"a"}),
        ("SELECT a FROM crm.s.t JOIN 'x.csv' USING (k)", {"a", "k"}),
        ("SELECT * FROM crm.s.t", None),
        ("SELECT t.* FROM crm.s.t", None),
        ("FROM crm.s.t", None),
        ("SELECT count(t.*) FROM crm.s.t", None),
        ("SELECT t FROM crm.s.t", None),
        ("SELECT struct_pack(x) FROM crm.s.t AS x", None),
        ("SELECT COLUMNS('a.*') FROM crm.s.t", None),
        ("SELECT a FROM crm.s.t NATURAL JOIN other", None),
        ("SELECT a FROM crm.s.t AS x(a, b)", None),
        ("SELECT #1 FROM crm.s.t", None),
        ("PIVOT crm.s.t ON a", None),
        ("crm.s.t", None),
        ("select b from nonsense ( crm.s.t", None),
    ],
)
def test_columns_are_left_out_only_where_a_query_cannot_need_them(text, columns):
    (found,) = references(text, {"crm"})
    assert (found.source, found.schema, found.table) == ("crm", "s", "t")
    if columns is None:
        assert found.columns is None
    else:
        assert columns <= found.columns
        assert not (found.columns - columns) & {"a", "b", "c", "d", "k"}


@pytest.mark.parametrize(
    "text",
    ["SELECT 'crm.s.t'", "WITH crm AS (SELECT 1 AS t) SELECT crm.t FROM crm", "other.s.t", "t"],
)
def test_what_is_no_table_of_a_source_is_not_taken_for_one(text):
    assert references(text, {"crm"}) == []
