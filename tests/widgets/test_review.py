"""The review of a proposal that the real crew made."""

import pandas as pd
import pytest

from automl_magics.contracts.features import FeatureEngineeringRequest, FeatureEngineeringStatus
from automl_magics.feature_job import propose_features
from automl_widgets import ProposalReview


@pytest.fixture
def proposed(session, folder):
    people = pd.DataFrame({"client": range(1, 121), "region": ["a", "b", "<b>"] * 40})
    people["churned"] = [number % 3 == 0 for number in people["client"]]
    orders = pd.DataFrame({"who": [1 + n % 120 for n in range(500)], "order_id": range(500)})
    orders["amount"] = orders["who"] % 3 + orders["order_id"] % 2
    request = FeatureEngineeringRequest(
        target_table_name="churn_r",
        source_tables=["people", "orders"],
        entity_grain=["client"],
        label={"column": "churned", "name": "churned"},
        join_hints=["orders.who = people.client"],
        max_features=6,
    )
    frames = {"people": people, "orders": orders}
    return propose_features(session, request, namespace=frames, folder=folder).wait()


@pytest.fixture
def review(proposed):
    made = ProposalReview(proposed)
    yield made
    made.close()


def _row(review: ProposalReview, place: int):
    return review._features._rows.children[place].children


def test_a_proposal_is_changed_checked_approved_and_made(review, until):
    names = [one.name for one in review.job.record.recipe.features]
    assert review.edits.model_dump(exclude_defaults=True) == {}
    kept, _, _ = _row(review, 0)
    kept.value = False
    _, called, made_of = _row(review, 1)
    called.value = "best"
    assert "<code>" in made_of.value
    review._notes.value = "short <b>"
    assert review.edits.remove_features == [names[0]]
    assert review.edits.rename == {names[1]: "best"}
    assert f"{len(names) - 1} of {len(names)} features kept" in review._features._count.value

    review._check.click()
    until(lambda: review._notice.value, lambda said: "valid and kept" in said)
    assert review.job.record.recipe.features[0].name == "best"
    assert review.job.record.recipe.notes == "short <b>"
    assert "short &lt;b&gt;" in review._head.value
    assert review.edits.model_dump(exclude_defaults=True) == {}

    review._approve.click()
    assert "Make the table churn_r, as proposed?" in review._question._text.value
    review._question._no.click()
    assert review.job.status is FeatureEngineeringStatus.PENDING_APPROVAL
    _row(review, 0)[1].value = "better"
    review._approve.click()
    assert "1 renamed" in review._question._text.value
    review._question._yes.click()
    until(lambda: review.job.record.status, lambda seen: seen == "complete")
    assert "better" in [one.name for one in review.job.record.recipe.features]
    until(lambda: review._head.value, lambda said: "automl-badge complete" in said)
    assert review._approve.layout.display == "none"
    assert _row(review, 0)[0].disabled


def test_what_the_service_refuses_is_told_and_nothing_is_changed(review, until):
    names = [one.name for one in review.job.record.recipe.features]
    _row(review, 0)[1].value = names[1]
    review._check.click()
    until(lambda: review._notice.value, lambda said: 'role="alert"' in said)
    assert "would be there twice" in review._notice.value
    assert [one.name for one in review.job.refresh().record.recipe.features] == names

    review._label._derivation.value = "1 = 1"
    review._check.click()
    assert "The label" in review._notice.value


def test_hundreds_of_features_are_searched_page_by_page(review):
    one = review.job.record.recipe.features[0]
    many = [one.model_copy(update={"name": f"feature_{n}"}) for n in range(95)]
    choice = review._features
    choice.show(many, is_open=True)
    assert len(choice._rows.children) == 20
    choice._after.click()
    assert choice._count.value == "21 to 40 of 95; 95 of 95 features kept"
    choice._search.value = "feature_9"
    assert len(choice._rows.children) == 6
    choice._none.click()
    assert choice.left_out == ["feature_9", *(f"feature_{n}" for n in range(90, 95))]
    choice._search.value = ""
    assert choice._count.value == "1 to 20 of 95; 89 of 95 features kept"


def test_every_control_has_a_name_for_a_screen_reader(review):
    for row in review._features._rows.children:
        kept, called, _ = row.children
        assert kept.tooltip.startswith("Keep ")
        assert called.tooltip.startswith("What to call ")


def test_the_review_leaves_the_proposal_behind(review):
    shown = review._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "churn_r  pending_approval" in shown["text/plain"]
    assert "CREATE TABLE" in shown["text/html"]
