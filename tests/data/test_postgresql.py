"""A real PostgreSQL as a source: types, names, errors, and that nothing is written or leaks."""

import logging
from datetime import UTC, date, datetime, time

import pytest

from automl_magics.contracts.errors import AutoMLError, InvalidInput, Unavailable
from automl_magics.contracts.sources import ConfiguredSource
from automl_magics.data.profile import profile_source
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.snapshot import take_snapshot
from automl_magics.data.source import ROWS, Source
from automl_magics.data.sources import database
from automl_magics.data.sources.listing import count_rows, list_tables


@pytest.fixture
def crm(postgresql):
    return {"crm": ConfiguredSource(name="crm", url=postgresql.url, set_by="home")}


@pytest.fixture
def read(crm, tmp_path):
    """Read a text whole, confined to an empty folder."""

    def whole(text):
        source = Source(text, tmp_path, root=tmp_path, sources=crm)
        with source.open() as connection, reading_errors():
            return connection.table(ROWS).to_arrow_table().to_pylist()

    return whole


@pytest.fixture
def statements(monkeypatch):
    """The statements that are executed."""
    seen = []
    plain = database.Database.reader

    def noting(self, sql, **options):
        seen.append(sql)
        return plain(self, sql, **options)

    monkeypatch.setattr(database.Database, "reader", noting)
    return seen


VALUES = {
    "boolean": ("true", True),
    "smallint": ("1", 1),
    "bigint": ("9007199254740993", 9007199254740993),
    "real": ("1.5", 1.5),
    "numeric(12,3)": ("12.345", 12.345),
    "numeric": ("1e20", 1e20),
    "money": ("12.5", 12.5),
    "text": ("'ü'", "ü"),
    "varchar(5)": ("'v'", "v"),
    "date": ("'2020-01-02'", date(2020, 1, 2)),
    "timestamp": ("'2020-01-02 03:04:05'", datetime(2020, 1, 2, 3, 4, 5)),  # noqa: DTZ001
    "timestamptz": ("'2020-01-02 03:04:05+02'", datetime(2020, 1, 2, 1, 4, 5, tzinfo=UTC)),
    "time": ("'03:04'", time(3, 4)),
    "uuid": ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "jsonb": ("""'{"a": 1}'""", '{"a": 1}'),
    "json": ("""'{"a":1}'""", '{"a":1}'),
    "int[]": ("'{1,2}'", [1, 2]),
    "text[]": ("'{x,y}'", ["x", "y"]),
    "numeric[]": ("'{1.5}'", [1.5]),
    "inet[]": ("'{10.0.0.1}'", "{10.0.0.1}"),
    "bytea": (r"'\x00ff'", b"\x00\xff"),
    "interval": ("'1 day'", "1 day"),
    "inet": ("'10.0.0.1'", "10.0.0.1/32"),
    "mood": ("'happy'", "happy"),
    "share": ("0.25", 0.25),
}


def test_every_type_is_read_as_what_it_means_and_null_as_null(postgresql, read):
    kinds = list(VALUES)
    columns = ", ".join(f"c{number} {kind}" for number, kind in enumerate(kinds))
    values = ", ".join(f"{VALUES[kind][0]}" for kind in kinds)
    nulls = ", ".join("NULL" for _ in kinds)
    postgresql.execute(
        "CREATE TYPE mood AS ENUM ('happy', 'sad')",
        "CREATE DOMAIN share AS numeric CHECK (value <= 1)",
        f"CREATE TABLE kinds ({columns})",
        f"INSERT INTO kinds VALUES ({values}), ({nulls})",
    )
    full, empty = read("crm.public.kinds")
    assert dict(zip(kinds, full.values(), strict=True)) == {
        kind: value for kind, (_, value) in VALUES.items()
    }
    assert set(empty.values()) == {None}


def test_names_are_found_as_spelled_or_in_any_case_or_by_the_search_path(postgresql, read):
    postgresql.execute(
        'CREATE SCHEMA "Odd Schema"',
        'CREATE TABLE "Odd Schema"."It\'s ""x""" ("Ä col" int, "a;b" int)',
        'INSERT INTO "Odd Schema"."It\'s ""x""" VALUES (1, 2)',
        'CREATE TABLE twice AS SELECT 1 AS "Kind"; CREATE TABLE "Twice" AS SELECT 2 AS b',
    )
    assert read('crm."Odd Schema"."It\'s ""x"""') == [{"Ä col": 1, "a;b": 2}]
    assert read("crm.twice") == [{"Kind": 1}]
    assert read('CRM.PUBLIC."Twice"') == [{"b": 2}]
    assert read("crm.public.TWICE") in ([{"Kind": 1}], [{"b": 2}])
    assert read("SELECT kind FROM crm.twice") == [{"Kind": 1}]


def test_tables_meet_files_in_one_select_and_only_named_columns_travel(
    postgresql, read, tmp_path, statements
):
    (tmp_path / "x.csv").write_text("id,extra\n1,a\n2,b\n")
    postgresql.execute(
        "CREATE TABLE people AS SELECT i AS id, 'n' || i AS name, repeat('x', 99) AS notes"
        " FROM generate_series(1, 3) i"
    )
    found = read("SELECT p.name, f.extra FROM crm.people p JOIN 'x.csv' f USING (id) ORDER BY 1")
    assert found == [{"name": "n1", "extra": "a"}, {"name": "n2", "extra": "b"}]
    assert 'SELECT "id" AS "id", "name" AS "name" FROM "public"."people"' in statements
    assert read("SELECT count(*) AS n FROM crm.people a JOIN crm.people b USING (id)") == [{"n": 3}]
    assert len(read("SELECT * FROM crm.people")[0]) == 3
    assert read("SELECT p FROM crm.people p WHERE id = 1")[0]["p"]["name"] == "n1"


@pytest.mark.parametrize(
    "text",
    [
        "WITH gone AS (DELETE FROM crm.public.kept RETURNING *) SELECT * FROM gone",
        "SELECT * FROM crm.public.kept; DROP TABLE crm.public.kept",
        "DROP TABLE crm.public.kept",
        "crm.public.writes",
        "SELECT * FROM crm.public.writes",
        "SELECT * FROM crm.public.sets",
        'crm.public."kept; DROP TABLE kept"',
        'crm.public."kept\'; DROP TABLE kept; --"',
        "SELECT * FROM postgres_query('crm', 'DROP TABLE kept')",
    ],
)
def test_nothing_can_be_written(postgresql, read, text):
    postgresql.execute(
        "CREATE TABLE kept AS SELECT 1 AS a",
        "CREATE FUNCTION adds() RETURNS int LANGUAGE sql AS"
        " 'INSERT INTO kept VALUES (2) RETURNING a'",
        "CREATE VIEW writes AS SELECT adds() AS a",
        "CREATE FUNCTION lifts() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " SET TRANSACTION READ WRITE; INSERT INTO kept VALUES (3); RETURN 1; END $$",
        "CREATE VIEW sets AS SELECT lifts() AS a",
    )
    with pytest.raises(InvalidInput):
        read(text)
    assert postgresql.execute("SELECT a FROM kept") == "1"


def test_a_table_that_is_not_there_is_told_with_those_near_it(postgresql, read):
    postgresql.execute("CREATE TABLE customers (a int)")
    for text in ("crm.custmers", "crm.public.custmers", "SELECT * FROM crm.public.custmers"):
        with pytest.raises(InvalidInput, match=r"no table 'crm.*custmers'.*crm.public.customers"):
            read(text)


def test_an_error_amid_the_rows_is_told_in_one_line(postgresql, read):
    postgresql.execute(
        "CREATE VIEW breaks AS SELECT 1 / (200000 - i) AS a FROM generate_series(1, 300000) i"
    )
    with pytest.raises(InvalidInput, match=r"division by zero") as error:
        read("crm.breaks")
    assert "\n" not in str(error.value)
    assert "Traceback" not in str(error.value)


def test_a_view_that_takes_too_long_is_given_up_before_a_job_is_made(
    postgresql, crm, tmp_path, monkeypatch
):
    monkeypatch.setattr("automl_magics.data.profile.STATEMENT_SECONDS", 0.2)
    postgresql.execute("CREATE VIEW slow AS SELECT 1 AS a, pg_sleep(600)::text AS b")
    with pytest.raises(InvalidInput, match="in time"):
        profile_source(Source("crm.slow", tmp_path, root=tmp_path, sources=crm), "b")


def test_a_label_is_profiled_without_the_other_columns(postgresql, crm, tmp_path, statements):
    postgresql.execute(
        "CREATE TABLE labelled AS SELECT i AS id, i % 2 = 0 AS label FROM generate_series(1, 10) i"
    )
    profile = profile_source(Source("crm.labelled", tmp_path, root=tmp_path, sources=crm), "label")
    assert profile.columns == {"id": "integer", "label": "boolean"}
    assert (profile.label.rows, profile.label.distinct) == (10, 2)
    assert 'SELECT "label" AS "label" FROM "public"."labelled"' in statements
    assert 'SELECT "id" AS "id", "label" AS "label" FROM "public"."labelled"' not in statements


def test_a_snapshot_of_a_large_table_is_the_same_twice(postgresql, crm, tmp_path):
    postgresql.execute(
        "CREATE TABLE large AS SELECT i, md5(i::text) AS t FROM generate_series(1, 300000) i"
    )
    source = Source("crm.large", tmp_path, root=tmp_path, sources=crm)
    first = take_snapshot(source, tmp_path / "one.parquet")
    assert (first.rows, first.columns) == (300_000, 2)
    assert first.sha256 == take_snapshot(source, tmp_path / "two.parquet").sha256


def test_tables_are_listed_with_what_tells_whether_they_changed(postgresql, crm):
    postgresql.execute(
        "CREATE TABLE one AS SELECT 1 AS a, 2 AS b",
        "CREATE VIEW two AS SELECT 1 AS c",
        "CREATE SCHEMA apart; CREATE TABLE apart.three (d int)",
    )
    tables = {table.text: table for table in list_tables(crm["crm"], within=5)}
    assert {text: table.columns for text, table in tables.items()} == {
        "crm.apart.three": 1,
        "crm.public.one": 2,
        "crm.public.two": 1,
    }
    assert count_rows(crm["crm"], tables["crm.public.one"], within=5) == 1
    assert tables["crm.public.two"].stamp is None
    assert tables["crm.public.one"].stamp


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("ada:${env:AUTOML_TEST_PGPASSWORD}", "ada:${env:WRONG}"), "refuses the user"),
        (("127.0.0.1:", "127.0.0.1:1"), "(nothing answers|not answer|see the log)"),
        (("127.0.0.1", "nowhere.invalid"), "no host of that name"),
        (("/test_", "/no_"), "no such database"),
        (("@", "@127.0.0.1:bad,"), "cannot be reached"),
    ],
)
def test_what_cannot_be_reached_is_told_without_its_address_and_password(
    postgresql, tmp_path, monkeypatch, caplog, change, why
):
    monkeypatch.setenv("WRONG", "wrong-and-secret")
    url = postgresql.url.replace(*change)
    sources = {"crm": ConfiguredSource(name="crm", url=url, set_by="home")}
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(Unavailable, match=why) as error,
        Source("crm.x", tmp_path, root=tmp_path, sources=sources).open(),
    ):
        pass
    for said in (str(error.value), caplog.text):
        assert postgresql.password not in said
        assert "wrong-and-secret" not in said
        assert "127.0.0.1" not in said


@pytest.mark.parametrize(
    ("reference", "why"),
    [("${env:NOT_SET}", "variable NOT_SET is not set"), ("${file:/no/such}", "cannot be read")],
)
def test_a_password_that_is_not_there_is_told(postgresql, tmp_path, reference, why):
    url = f"postgresql://ada:{reference}@{postgresql.address}"
    sources = {"crm": ConfiguredSource(name="crm", url=url, set_by="home")}
    with (
        pytest.raises(AutoMLError, match=why),
        Source("crm.x", tmp_path, root=tmp_path, sources=sources).open(),
    ):
        pass


def test_a_password_may_stand_in_a_file(postgresql, tmp_path):
    postgresql.execute("CREATE TABLE one AS SELECT 1 AS a")
    (tmp_path / "secret").write_text(f"{postgresql.password}\n")
    url = f"postgresql://ada:${{file:{tmp_path}/secret}}@{postgresql.address}"
    source = ConfiguredSource(name="crm", url=url, set_by="home")
    assert [table.text for table in list_tables(source, within=5)] == ["crm.public.one"]
