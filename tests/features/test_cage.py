"""What must not get through the cage, and what must."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automl_magics.contracts.errors import InvalidInput
from automl_magics.features.cage import rows, run
from automl_magics.features.expressions import check_expression

COLUMNS = {
    "orders": {
        "amount": "DOUBLE",
        "ordered_at": "TIMESTAMP",
        "Odd Name": "VARCHAR",
        "paid": "BOOLEAN",
    },
    "customers": {"customer_id": "BIGINT"},
}

ALLOWED = [
    "count(*)",
    "sum(amount)",
    "sum(amount) FILTER (WHERE ordered_at >= cutoff - INTERVAL 30 DAY)",
    "avg(CASE WHEN paid THEN 1.0 ELSE 0.0 END)",
    "arg_max(amount, ordered_at)",
    "regr_slope(amount, epoch(ordered_at))",
    "date_diff('day', max(ordered_at), cutoff)",
    'count(DISTINCT "Odd Name")',
    "coalesce(amount, 0) / nullif(customers.customer_id, 0)",
    "month(ordered_at)",
    "amount BETWEEN 1 AND 2 AND \"Odd Name\" ILIKE 'a%'",
    "\"Odd Name\" IN ('a', 'b''c')",
    "CAST(amount AS BIGINT) % 7",
    "median(amount)",
]

BYPASSES = [
    # other statements, and more than one
    "1; DROP TABLE orders",
    "amount); DROP TABLE orders; --",
    "amount -- comment",
    "amount /* comment */",
    "DROP TABLE orders",
    "CREATE TABLE x AS SELECT 1",
    "INSERT INTO orders VALUES (1)",
    "DELETE FROM orders",
    "UPDATE orders SET amount = 1",
    "COPY orders TO '/tmp/x.csv'",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "ATTACH '/tmp/x.duckdb'",
    "ATTACH ':memory:' AS m",
    "DETACH orders",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 1",
    "RESET lock_configuration",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "CREATE MACRO m() AS 1",
    "CREATE SECRET s (TYPE s3)",
    "VACUUM",
    "CHECKPOINT",
    "USE memory",
    "EXPLAIN SELECT 1",
    "BEGIN",
    # queries within
    "(SELECT 1)",
    "(SELECT max(amount) FROM orders)",
    "amount IN (SELECT amount FROM orders)",
    "EXISTS (SELECT 1)",
    "amount > ALL (SELECT 1)",
    "(FROM '/etc/passwd')",
    "(TABLE orders)",
    "(VALUES (1))",
    "SELECT amount FROM orders",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "amount UNION SELECT 1",
    # files, the network, the machine, the settings
    "read_csv('/etc/passwd')",
    "read_text('/etc/passwd')",
    "read_blob('/etc/passwd')",
    "read_parquet('https://example.com/x.parquet')",
    "glob('/etc/*')",
    "sniff_csv('/etc/passwd')",
    "getenv('HOME')",
    "current_setting('temp_directory')",
    "getvariable('x')",
    "query('SELECT 1')",
    "query_table('orders')",
    "duckdb_settings()",
    "pragma_version()",
    "nextval('s')",
    "current_database()",
    "current_user",
    "which_secret('x', 's3')",
    # the clock and chance
    "now()",
    "current_date",
    "current_timestamp",
    "random()",
    "uuid()",
    "get_current_time()",
    # much from little
    "repeat('x', 1000000000)",
    "range(1000000000)",
    "generate_series(1, 1000000000)",
    "unnest([1, 2])",
    "list(amount)",
    "string_agg(\"Odd Name\", ',')",
    "histogram(amount)",
    "lpad('x', 1000000000, 'y')",
    "(" * 200 + "1" + ")" * 200,
    "+".join(["amount"] * 1000),
    # constructs
    "*",
    "orders.*",
    "COLUMNS(*)",
    "count(orders.*)",
    "* EXCLUDE (amount)",
    "max(amount) OVER (PARTITION BY paid)",
    "row_number() OVER ()",
    "list_transform([1], x -> x)",
    "[x FOR x IN [1]]",
    "{'a': amount}",
    "struct_pack(a := amount)",
    "amount::STRUCT(a INT)",
    "amount::INT[]",
    "amount::JSON",
    "$1",
    "?",
    "$name",
    "amount AS other",
    "sum(max(amount))",
    "first(amount ORDER BY ordered_at)",
    '"Odd Name" COLLATE nocase',
    "ordered_at AT TIME ZONE 'UTC'",
    # names
    "nothing",
    "secrets.amount",
    "main.orders.amount",
    "memory.main.orders.amount",
    "information_schema.tables.table_name",
    "orders.rowid",
    "rowid",
    '"amount""; DROP TABLE orders"',
    "date_part('year; DROP', ordered_at) + nothing",
    "",
    "   ",
    "amount amount",
    "'unclosed",
    "\0",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_expressions_pass(text: str) -> None:
    checked = check_expression(text, COLUMNS, "orders")
    again = check_expression(checked.tree.sql("duckdb"), COLUMNS, "orders")
    assert again.tree.sql("duckdb") == checked.tree.sql("duckdb")


@pytest.mark.parametrize("text", BYPASSES)
def test_bypasses_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        check_expression(text, COLUMNS, "orders")


def test_there_are_bypasses_enough() -> None:
    assert len(set(BYPASSES)) >= 60


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "FROM '/etc/passwd'",
        "FROM glob('/*')",
        "COPY orders TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/out.duckdb'",
        "CREATE TABLE x AS FROM read_csv('/etc/passwd')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '1TB'",
        "RESET lock_configuration",
        "SET allowed_paths = ['/etc/passwd']",
        "FROM read_parquet('https://example.com/x.parquet')",
        "SELECT 1; SELECT 2",
        "PRAGMA database_list",
        "CREATE SECRET s (TYPE s3)",
    ],
)
def test_the_second_wall_stands_alone(
    statement: str, cage: Callable[..., Any], shop: dict[str, Path], tmp_path: Path
) -> None:
    with cage(shop) as connection:
        with pytest.raises(InvalidInput):
            run(connection, statement.format(folder=tmp_path), seconds=10)
        assert rows(connection, "SELECT count(*) FROM customers", seconds=10) == [(400,)]
    assert not list(tmp_path.glob("out*"))


def test_a_statement_without_end_is_ended(cage: Callable[..., Any], shop: dict[str, Path]) -> None:
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range = -1"
    with cage(shop) as connection, pytest.raises(InvalidInput, match="did not end"):
        run(connection, endless, seconds=0.5)
