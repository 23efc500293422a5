"""The crew with a language model, against an endpoint that really speaks HTTP."""

import copy
import importlib.util
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automl_magics.contracts.errors import AutoMLError, InvalidInput, Unavailable
from automl_magics.contracts.features import FeatureEngineeringRequest
from automl_magics.features.crew import Proposal, propose
from automl_magics.features.llm import LanguageModelDesigner
from automl_magics.settings import Settings

_spec = importlib.util.spec_from_file_location(
    "scripted_endpoint", Path(__file__).with_name("endpoint.py")
)
assert _spec is not None
assert _spec.loader is not None
scripted = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = scripted
_spec.loader.exec_module(scripted)
Answer, endpoint, RECIPE = scripted.Answer, scripted.endpoint, scripted.RECIPE

Ask = Callable[..., Proposal]


class Steps:
    def __init__(self) -> None:
        self.messages: list[str] = []

    def step(self, name: str, message: str) -> None:
        self.messages.append(f"{name}: {message}")


@pytest.fixture
def ask(
    tmp_path: Path,
    shop: dict[str, Path],
    request_for: Callable[..., FeatureEngineeringRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> Ask:
    """Have a language model at an address propose for the shop."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def go(url: str | None, **given: Any) -> Proposal:
        values = {"crew_model": "openai:scripted", "crew_key": "the-key", "crew_timeout": 20.0}
        settings = Settings(home=tmp_path / "home", crew_url=url, **{**values, **given})
        tables = {name: shop[name] for name in ("customers", "orders")}
        request = request_for(source_tables=list(tables))
        return propose(
            request,
            tables,
            {name: name for name in tables},
            scratch=tmp_path / "scratch",
            designer=LanguageModelDesigner(settings, Steps()),
            listener=Steps(),
        )

    return go


def _with(**changes: Any) -> dict[str, Any]:
    """Return the recipe with its second feature changed."""
    recipe = copy.deepcopy(RECIPE)
    recipe["features"][1].update(changes)
    return recipe


def test_a_recipe_is_taken_and_nothing_else_of_it(ask: Ask) -> None:
    with endpoint(Answer()) as served:
        found = ask(served.url)
    assert [one.name for one in found.recipe.features] == ["orders_before", "spent_30d", "region"]
    assert found.recipe.target_table == "churn_training"
    assert found.recipe.entity_grain == ["customer_id"]
    assert found.recipe.label.column == "churned"
    assert found.validation.estimated_row_count == 400
    assert served.keys == ["Bearer the-key"]


def test_the_model_is_told_no_values_unless_allowed(ask: Ask) -> None:
    with endpoint(Answer()) as served:
        ask(served.url)
    told = str(served.asked)
    assert "ordered_at" in told
    assert "north" not in told
    assert "churned" not in told.replace("churn_training", "").replace('name\\": \\"label', "")
    with endpoint(Answer()) as served:
        ask(served.url, crew_sees_values=True)
    assert "north" in str(served.asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"expression": "(SELECT max(amount) FROM orders)"},
        {"expression": "read_csv('/etc/passwd')"},
        {"expression": "sum(amount); DROP TABLE orders"},
        {"expression": "sum(nothing)"},
        {"expression": "amount"},
        {"expression": "sum(channel)"},
        {"source_table": "duckdb_settings()"},
    ],
)
def test_what_does_not_run_is_sent_back(ask: Ask, changes: dict[str, str]) -> None:
    with endpoint(Answer(_with(**changes)), Answer()) as served:
        found = ask(served.url)
    assert len(served.asked) == 2
    assert "spent_30d" in served.asked[1]["messages"][-1]["content"]
    assert len(found.recipe.features) == 3


def test_three_hostile_answers_are_enough(ask: Ask) -> None:
    hostile = _with(expression="getenv('AUTOML_CREW_KEY')")
    with endpoint(Answer(hostile)) as served, pytest.raises(InvalidInput, match="3 rounds"):
        ask(served.url)
    assert len(served.asked) == 3


def test_the_label_is_taken_from_no_model(ask: Ask) -> None:
    with endpoint(Answer(_with(expression="churned", source_table="customers"))) as served:
        found = ask(served.url)
    assert "spent_30d" not in [one.name for one in found.recipe.features]
    assert any("makes the label" in warning for warning in found.validation.warnings)
    with endpoint(Answer(_with(expression="closing_note", source_table="customers"))) as served:
        found = ask(served.url)
    assert any("gives the label away" in warning for warning in found.validation.warnings)


def test_bad_json_is_asked_for_again(ask: Ask) -> None:
    with endpoint(Answer("I am only a poem."), Answer('{"features": 7}'), Answer()) as served:
        assert len(ask(served.url).recipe.features) == 3
    with endpoint(Answer("{")) as served, pytest.raises(InvalidInput, match="did not answer"):
        ask(served.url)


def test_a_busy_endpoint_says_when_to_come_back(ask: Ask) -> None:
    busy = Answer(status=429, headers={"Retry-After": "1"})
    with endpoint(busy, busy, Answer()) as served:
        assert len(ask(served.url).recipe.features) == 3
        assert len(served.asked) == 3


@pytest.mark.parametrize(
    ("answer", "given", "said"),
    [
        (Answer(status=429, headers={"Retry-After": "0"}), {}, "busy"),
        (Answer(status=401), {}, "refused the key"),
        (Answer(status=500, headers={"Retry-After": "0"}), {}, "HTTP 500"),
        (Answer(delay=3.0), {"crew_timeout": 0.3}, "did not answer within"),
    ],
)
def test_why_there_is_no_answer(ask: Ask, answer: Any, given: dict[str, Any], said: str) -> None:
    with endpoint(answer) as served, pytest.raises(AutoMLError, match=said) as caught:
        ask(served.url, **given)
    assert "secret-of-the-endpoint" not in str(caught.value)
    assert "the-key" not in str(caught.value)


def test_nobody_there(ask: Ask) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be reached"):
        ask(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(Unavailable, match="no key"):
        ask(None, crew_key=None)
    with pytest.raises(Unavailable, match="No language model"):
        ask(None, crew_model=None)
    with pytest.raises(InvalidInput, match="protocol"):
        ask("http://127.0.0.1:1/v1", crew_model="telnet:x")
