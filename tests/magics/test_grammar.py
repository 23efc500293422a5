import enum
from typing import get_args

import pytest

from automl_magics.contracts.errors import UsageError
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.magics.grammar import (
    NOT_OPTIONS,
    HelpRequested,
    choices_of,
    options_of,
    parse,
    training_request,
)
from automl_magics.magics.manual import NOTEBOOK_VERBS, Surface, verbs_of

SURFACES = get_args(Surface)


@pytest.mark.parametrize("surface", SURFACES)
def test_every_field_of_the_request_is_an_option_of_its_own_name(surface):
    options = options_of("train", surface)
    for name in AutoMLTrainingRequest.model_fields:
        assert (f"--{name.replace('_', '-')}" in options) is (name not in NOT_OPTIONS)


def test_options_have_the_types_of_their_fields():
    words = parse(
        "train 'my data.csv' --label y --features a,'b c' --features '\"d,e\"' --no-auto-trigger "
        "--time-limit 2.5 --seed 7 --preset best-quality "
        "--exclude-algorithms xgboost_classifier,extra_trees",
        "magic",
    )
    assert words.source == "my data.csv"
    assert words.fields == {
        "label_column": "y",
        "feature_columns": ["a", "b c", "d,e"],
        "auto_trigger": False,
        "time_limit": 2.5,
        "seed": 7,
        "preset": "best_quality",
        "exclude_algorithms": ["xgboost_classifier", "extra_trees"],
    }
    request = training_request({**words.fields, "source_table": words.source})
    assert request.preset == "best_quality"
    assert request.enable_ensemble


def test_every_closed_list_of_the_request_is_known_for_completion():
    for name, field in AutoMLTrainingRequest.model_fields.items():
        inner = [field.annotation, *get_args(field.annotation)]
        kinds = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, enum.Enum)]
        if kinds:
            option = f"--{name.replace('_', '-')}"
            assert choices_of("train", option, "shell") == [member.value for member in kinds[0]]


@pytest.mark.parametrize(
    ("verb", "surface"),
    [(verb, surface) for surface in SURFACES for verb in ["", *verbs_of(surface)]],
)
def test_help_stands_on_every_level(verb, surface):
    with pytest.raises(HelpRequested, match=r"usage: %?automl") as asked:
        parse(f"{verb} --help", surface)
    assert verb in str(asked.value)


@pytest.mark.parametrize("verb", NOTEBOOK_VERBS)
def test_a_shell_has_no_widgets(verb):
    with pytest.raises(UsageError, match=f"There is no verb '{verb}'"):
        parse(verb, "shell")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("trian x", "There is no verb 'trian'. Did you mean 'train'?"),
        ("train a.csv --labl y", "There is no option --labl. Did you mean '--label'"),
        ("train a.csv --labl=y", "There is no option --labl. Did you mean '--label'"),
        ("train a.csv --lab y", "There is no option --lab."),
        ("train a b", "'b' is one word too many."),
        ("train a --preset fst", "--preset: 'fst' is not known. Did you mean 'fast'?"),
        ("train a --seed x", "--seed: 'x' is not a whole number."),
        ("train a --time-limit soon", "--time-limit: 'soon' is not a number."),
        ("train a --label", "--label: expected one argument."),
        ("train 'a", "The line cannot be read: no closing quotation."),
        ("show", "Missing: JOB. See %automl show --help."),
        ("jobs --limit 0", "--limit: '0' is not a number above 0."),
    ],
)
def test_a_mistake_is_told_in_one_line(line, said):
    with pytest.raises(UsageError) as error:
        parse(line, "magic")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "--label is required unless --problem-type is"),
        ({"label_column": "y", "time_limit": -1}, "--time-limit must be greater than 0."),
        ({"label_column": " "}, "--label-column must have at least 1 character."),
        ({"label_column": "y", "registered_model_name": "a/b"}, "--registered-model-name must not"),
    ],
)
def test_a_wrong_value_names_its_option(fields, said):
    with pytest.raises(UsageError) as error:
        training_request({"source_table": "x", **fields})
    assert said in str(error.value)


def test_only_the_magic_binds_a_variable():
    assert parse("train df --label y --into job", "magic").into == "job"
    with pytest.raises(UsageError, match="no option --into"):
        parse("train df --label y --into job", "shell")


def test_nothing_said_is_no_verb():
    assert parse("", "magic").verb is None


@pytest.mark.parametrize(
    "line",
    [
        "predict j s.csv --output f.csv",
        "predict j --output f.csv s.csv",
        "predict --output f.csv j s.csv",
    ],
)
def test_words_and_options_may_stand_in_any_order(line):
    words = parse(line, "shell")
    assert (words.job, words.source, words.output) == ("j", "s.csv", "f.csv")
