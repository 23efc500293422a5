"""Nothing of after the label's moment is used, and nothing that gives the label away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.features import (
    FeatureEngineeringRequest,
    FeatureRecipe,
    JoinPlan,
    RecipeFeature,
)
from automl_magics.features.author import write_sql
from automl_magics.features.cage import arrow
from automl_magics.features.crew import Proposal

Request = Callable[..., FeatureEngineeringRequest]
Propose = Callable[..., Proposal]


def _table(
    cage: Callable[..., Any], files: dict[str, Path], recipe: Any, plan: JoinPlan
) -> pa.Table:
    with cage(files) as connection:
        return arrow(connection, write_sql(recipe, plan, as_table=False), seconds=60)


@pytest.fixture(scope="module")
def kept() -> dict[str, Proposal]:
    return {}


@pytest.fixture
def proposal(
    kept: dict[str, Proposal], request_for: Request, proposed: Propose, shop: dict[str, Path]
) -> Proposal:
    """The crew's proposal for the shop, made once."""
    if not kept:
        kept["shop"] = proposed(request_for(), shop)
    return kept["shop"]


def test_the_future_changes_nothing(
    proposal: Proposal, shop: dict[str, Path], cage: Callable[..., Any], tmp_path: Path
) -> None:
    """Without the orders of after the cut-off every feature is what it was."""
    orders = pq.read_table(shop["orders"])
    before = orders.filter(pa.compute.less(orders["ordered_at"], proposal.plan.cutoff))
    assert len(before) < len(orders)
    past = {**shop, "orders": tmp_path / "orders.parquet"}
    pq.write_table(before, past["orders"])

    with_future = _table(cage, shop, proposal.recipe, proposal.plan).sort_by("customer_id")
    without = _table(cage, past, proposal.recipe, proposal.plan).sort_by("customer_id")
    assert with_future.column_names == without.column_names
    for name in with_future.column_names:
        ours, theirs = with_future.column(name).to_pylist(), without.column(name).to_pylist()
        assert ours == pytest.approx(theirs, nan_ok=True) if _numbers(ours) else ours == theirs, (
            name
        )


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) for value in values)


def test_the_proposal_is_of_use(proposal: Proposal) -> None:
    names = [feature.name for feature in proposal.recipe.features]
    sources = {feature.source_table for feature in proposal.recipe.features}
    assert {"orders", "customers"} <= sources
    assert "orders_recency_days" in names
    assert any("order_lines" in name or "products" in name for name in names)
    assert all(
        one.expression and one.description and one.data_type for one in proposal.recipe.features
    )
    assert len(set(names)) == len(names) <= 200
    assert proposal.sql.startswith('CREATE TABLE "churn_training" AS')


def test_what_gives_the_label_away_is_left_out_and_named(proposal: Proposal) -> None:
    assert not [one for one in proposal.recipe.features if "closing_note" in one.expression]
    assert not [one for one in proposal.recipe.features if "churned" in one.expression.lower()]
    assert any("closing_note" in warning for warning in proposal.validation.warnings)


def test_without_a_moment_the_warning_says_so(
    request_for: Request, proposed: Propose, shop: dict[str, Path]
) -> None:
    found = proposed(request_for(cutoff=None), shop)
    assert any("No moment was given" in warning for warning in found.validation.warnings)


def test_each_row_has_its_own_moment(
    request_for: Request, proposed: Propose, shop: dict[str, Path], cage: Callable[..., Any]
) -> None:
    """Orders predict their amount from the same customer's earlier orders, and no later ones."""
    request = request_for(
        source_tables=["orders", "customers"],
        entity_grain=["order_id"],
        label={"column": "amount", "type": "regression", "name": "target"},
        cutoff=None,
        time_column="ordered_at",
    )
    found = proposed(request, shop)
    history = {one.name: one for one in found.plan.roles}["orders_history"]
    assert history.time_column == "ordered_at"
    asked = [
        RecipeFeature(name="earlier", expression="count(*)", source_table="orders_history"),
        RecipeFeature(name="latest", expression="max(ordered_at)", source_table="orders_history"),
        RecipeFeature(name="then", expression="cutoff", source_table="orders"),
    ]
    recipe = found.recipe.model_copy(update={"features": asked})
    table = _table(cage, shop, recipe, found.plan).to_pylist()
    assert any(row["earlier"] for row in table)
    for row in table:
        assert row["latest"] is None or row["latest"] < row["then"]
    orders = pq.read_table(shop["orders"]).to_pylist()
    first = min(orders, key=lambda row: row["ordered_at"])
    assert next(r for r in table if r["order_id"] == first["order_id"])["earlier"] == 0


def test_a_label_of_what_happened_after_the_moment(
    request_for: Request, proposed: Propose, shop: dict[str, Path]
) -> None:
    after = "count(*) FILTER (WHERE orders.ordered_at >= cutoff) = 0"
    request = request_for(
        entity_grain=["orders.customer_id"], label={"derivation": after, "name": "gone"}
    )
    found = proposed(request, shop)
    assert found.plan.distinct
    assert set(found.validation.label_distribution) == {"True", "False"}
    truth = pq.read_table(shop["customers"])["churned"].to_pylist().count("yes")
    assert found.validation.label_distribution["True"] == truth


def test_a_label_from_the_same_rows_with_no_moment_closes_them(
    request_for: Request, proposed: Propose, shop: dict[str, Path]
) -> None:
    request = request_for(
        cutoff=None, label={"derivation": "sum(orders.amount)", "type": "regression"}
    )
    found = proposed(request, shop)
    assert {one.source_table for one in found.recipe.features} == {"customers"}
    assert any("makes the label" in warning for warning in found.validation.warnings)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"entity_grain": ["region", "nothing"]}, "grain"),
        ({"time_column": "region", "cutoff": None}, "no dates"),
        ({"join_hints": ["orders.nothing = customers.customer_id"]}, "names no column"),
        ({"join_hints": ["1 = 1"]}, "not understood"),
        ({"label": {"derivation": "sum(orders.amount) > (SELECT 1)"}}, "subquery"),
        ({"label": {"column": "region"}}, "3 different values"),
    ],
)
def test_what_cannot_be_is_said(
    request_for: Request,
    proposed: Propose,
    shop: dict[str, Path],
    fields: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(InvalidInput, match=said):
        proposed(request_for(**fields), shop)


def test_hints_join_what_names_do_not(
    request_for: Request, proposed: Propose, shop: dict[str, Path], tmp_path: Path
) -> None:
    notes = tmp_path / "calls.parquet"
    rows = [{"who": 1 + number % 400, "minutes": number % 7} for number in range(900)]
    pq.write_table(pa.Table.from_pylist(rows), notes)
    files = {**shop, "calls": notes}
    tables = ["customers", "calls"]
    lost = proposed(request_for(source_tables=tables), files)
    assert any("No join was found to calls" in warning for warning in lost.validation.warnings)
    hinted = request_for(source_tables=tables, join_hints=["calls.who = customers.customer_id"])
    assert "calls" in {role.name for role in proposed(hinted, files).plan.roles}


def test_moments_in_text_and_years_count_as_moments(
    request_for: Request, proposed: Propose, shop: dict[str, Path], tmp_path: Path
) -> None:
    people = pq.read_table(shop["customers"])
    seasons = [
        {"customer_id": number, "year": year, "points": number % 5 + year % 3}
        for number in range(1, 401)
        for year in (2022, 2023, 2024, 2025)
    ]
    visits = [
        {"customer_id": number, "visit_date": f"2024-0{month}-15 10:00:00", "spent": month}
        for number in range(1, 401)
        for month in (4, 5, 6, 7)
    ]
    files = {"customers": tmp_path / "c.parquet"}
    pq.write_table(people, files["customers"])
    for name, data in (("seasons", seasons), ("visits", visits)):
        files[name] = tmp_path / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(data), files[name])
    found = proposed(request_for(source_tables=list(files)), files)
    kinds = found.plan.time_kinds
    assert kinds["seasons"]["year"] == "year"
    assert kinds["visits"]["visit_date"] == "text"
    import duckdb

    asked = [
        RecipeFeature(name="years", expression="max(year)", source_table="seasons"),
        RecipeFeature(name="spent", expression="max(spent)", source_table="visits"),
    ]
    recipe: FeatureRecipe = found.recipe.model_copy(update={"features": asked})
    with duckdb.connect() as connection:
        for name, path in files.items():
            connection.read_parquet(str(path)).create_view(name)
        sql = write_sql(recipe, found.plan, as_table=False)
        rows = connection.execute(f"SELECT DISTINCT years, spent FROM ({sql})").fetchall()
    assert rows == [(2023, 5)]  # a year is known when it is over
