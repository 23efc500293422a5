"""Shops: customers, their orders and the lines of these, with a churn that orders tell of."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_magics.contracts.features import FeatureEngineeringRequest
from automl_magics.features.cage import caged
from automl_magics.features.crew import BuiltinDesigner, Proposal, propose

CUTOFF = datetime.fromisoformat("2024-06-01")


def write_shop(folder: Path, customers: int = 400) -> dict[str, Path]:
    """Write a shop's tables and return their files.

    Whoever ordered little in the last month before `CUTOFF` churns, mostly. After it those who do
    not churn order a lot, which would give the label away.
    """
    chance = random.Random(3)
    people: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for number in range(1, customers + 1):
        active = chance.random()
        churned = chance.random() < 0.9 - 0.8 * active
        people.append(
            {
                "customer_id": number,
                "region": chance.choice(["north", "south", "east"]),
                "signup_date": CUTOFF - timedelta(days=chance.randint(200, 900)),
                "churned": "yes" if churned else "no",
                "closing_note": "left" if churned else None,
            }
        )
        before = [
            (chance.uniform(0, 25) if chance.random() < active else chance.uniform(30, 190))
            for _ in range(chance.randint(2, 6))
        ]
        after = [] if churned else [-chance.uniform(1, 60) for _ in range(5)]
        for days in before + after:
            order = len(orders) + 1
            orders.append(
                {
                    "order_id": order,
                    "customer_id": number,
                    "ordered_at": CUTOFF - timedelta(days=days),
                    "channel": chance.choice(["web", "shop"]),
                    "amount": round(chance.gauss(50, 10) + 40 * active, 2),
                }
            )
            for _ in range(chance.randint(1, 3)):
                lines.append(
                    {
                        "line_id": len(lines) + 1,
                        "order_id": order,
                        "product_id": chance.randint(1, 20),
                        "quantity": chance.randint(1, 5),
                    }
                )
    products = [{"product_id": number, "price": number * 1.5} for number in range(1, 21)]
    tables = {"customers": people, "orders": orders, "order_lines": lines, "products": products}
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, rows in tables.items():
        files[name] = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(rows), files[name])
    return files


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a shop's tables."""
    return write_shop(tmp_path_factory.mktemp("shop"))


class Silent:
    """Hears the crew and says nothing."""

    def step(self, name: str, message: str) -> None:
        """Take note."""


@pytest.fixture
def request_for() -> Callable[..., FeatureEngineeringRequest]:
    """Return a request for the shop's churn, with any field changed."""

    def build(**fields: Any) -> FeatureEngineeringRequest:
        asked = {
            "target_table_name": "churn_training",
            "source_tables": ["customers", "orders", "order_lines", "products"],
            "entity_grain": ["customer_id"],
            "label": {"column": "churned", "positive_class_value": "yes"},
            "cutoff": CUTOFF,
            **fields,
        }
        return FeatureEngineeringRequest.model_validate(asked)

    return build


@pytest.fixture
def proposed(tmp_path: Path) -> Callable[..., Proposal]:
    """Have the built-in crew propose."""

    def go(request: FeatureEngineeringRequest, files: dict[str, Path]) -> Proposal:
        tables = {name: files[name] for name in request.source_tables}
        return propose(
            request,
            tables,
            {name: name for name in tables},
            scratch=tmp_path / "scratch",
            designer=BuiltinDesigner(Silent()),
            listener=Silent(),
        )

    return go


@pytest.fixture
def cage(tmp_path: Path) -> Callable[..., Any]:
    """Open the cage on files."""

    @contextmanager
    def go(files: dict[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
        with caged(files, tmp_path / "scratch") as connection:
            yield connection

    return go
