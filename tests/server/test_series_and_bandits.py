"""Forecasts and bandits are asked for, and refused, in both dialects."""

import pytest


@pytest.fixture
def sales(jp_root_dir):
    days = [f"2024-{month:02}-{day:02}" for month in (1, 2) for day in range(1, 29)]
    rows = "\n".join(f"{day},{5 + at % 7}" for at, day in enumerate(days))
    (jp_root_dir / "sales.csv").write_text("day,sold\n" + rows)
    return "sales.csv"


@pytest.fixture
def log(jp_root_dir):
    rows = "\n".join(f"{at % 5},{'ab'[at % 2]},0.5,{at % 3}" for at in range(200))
    (jp_root_dir / "log.csv").write_text("x,offer,p,gain\n" + rows)
    return "log.csv"


async def test_a_forecast_is_asked_for_in_both_dialects(ask, ask_b, sales):
    asked = {"source_table": sales, "label_column": "sold", "time_column": "day", "horizon": 7,
             "auto_trigger": False}  # fmt: skip
    made = await ask("POST", "train", json=asked)
    assert made.status_code == 201, made.text
    assert made.json()["problem_type"] == "time_series"
    advanced = {"timeColumn": "day", "horizon": 7, "autoTrigger": False}
    body = {"name": "sales", "dataset": sales, "targetColumn": "sold", "advanced": advanced}
    made = await ask_b("POST", "jobs", json=body)
    assert made.status_code == 201, made.text

    refused = await ask("POST", "train", json={**asked, "horizon": 40})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "horizon"]
    refused = await ask_b("POST", "jobs", json={**body, "advanced": {**advanced, "horizon": 40}})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "advanced", "horizon"]
    assert "56 points" in refused.json()["detail"][0]["msg"]


async def test_a_bandit_is_asked_for_in_both_dialects(ask, ask_b, log):
    asked = {"source_table": log, "action_column": "offer", "reward_column": "gain",
             "probability_column": "p", "auto_trigger": False}  # fmt: skip
    made = await ask("POST", "train", json=asked)
    assert made.status_code == 201, made.text
    job = made.json()
    assert (job["problem_type"], job["algorithm"]) == ("contextual_bandit", "vw_contextual_bandit")
    advanced = {"actionColumn": "offer", "probabilityColumn": "p", "autoTrigger": False}
    body = {"name": "offers", "dataset": log, "targetColumn": "gain", "advanced": advanced}
    made = await ask_b("POST", "jobs", json=body)  # the target is the reward
    assert made.status_code == 201, made.text

    del asked["probability_column"], advanced["probabilityColumn"]
    refused = await ask("POST", "train", json=asked)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "probability_column"]
    refused = await ask_b("POST", "jobs", json=body)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "advanced", "probabilityColumn"]
