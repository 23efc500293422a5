"""``automl keys`` and ``%automl keys``."""

import json

import pytest

from automl_magics.cli import main
from automl_magics.contracts.errors import UsageError
from automl_magics.magics.grammar import choices_of, parse
from automl_magics.magics.verbs import Place, run
from automl_magics.service import AccessKeyService
from automl_magics.session import connect
from automl_magics.store import Store

READ, WRITE = "ml-workbench:read", "ml-workbench:write"


@pytest.fixture
def automl(settings, monkeypatch, capsys):
    """Run a command in this process; return its exit code and what it wrote."""
    monkeypatch.setenv("AUTOML_SERVER_URL", "none")

    def command(*words):
        code = main(["keys", *words])
        written = capsys.readouterr()
        return code, written.out, written.err

    return command


@pytest.fixture
def keys(settings):
    store = Store.open(settings)
    yield AccessKeyService(store)
    store.close()


def test_a_key_is_made_listed_and_revoked_at_a_shell(automl, keys):
    code, out, _ = automl("create", "--name", "ci", "--scope", READ, "--json")
    assert code == 0
    made = json.loads(out)
    assert (made["name"], made["scopes"], made["expires_at"]) == ("ci", [READ], None)
    assert keys.recognize(made["key"]).name == "ci"

    code, out, _ = automl("list", "--json")
    (listed,) = json.loads(out)
    assert listed["prefix"] == made["prefix"]
    assert made["key"] not in out
    code, out, _ = automl("list")
    assert out.splitlines()[1].split()[:4] == ["ci", made["prefix"], "active", READ]

    code, out, _ = automl("revoke", "ci", "--json")
    assert (code, json.loads(out)["prefix"]) == (0, made["prefix"])
    assert "revoked" in automl("list")[1]


def test_a_key_may_have_both_scopes_and_an_end(automl):
    both = f"{READ},{WRITE}"
    code, out, _ = automl("create", "--name", "a", "--scope", both, "--expires-in-days", "3")
    assert code == 0
    assert "not shown again" in out
    assert out.splitlines()[-1].startswith("automl_")
    made = json.loads(
        automl("create", "--name", "b", "--scope", READ, "--scope", WRITE, "--json")[1]
    )
    assert made["scopes"] == [READ, WRITE]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing: ACTION"),
        (["make"], "'make' is not known"),
        (["create", "--name", "ci"], "needs --scope"),
        (["create", "--scope", READ], "needs --name"),
        (["create", "ci", "--scope", READ], "--name ci?"),
        (["create", "--name", "ci", "--scope", "read"], f"There is '{READ}', '{WRITE}'"),
        (["create", "--name", "ci", "--scope", READ, "--expires-in-days", "0"], "not a number"),
        (["revoke"], "Which key?"),
        (["revoke", "ci"], "no access key 'ci'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(automl, keys, words, said):
    code, out, err = automl(*words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err
    assert keys.list() == []


def test_the_magic_makes_a_key_and_binds_it(settings, tmp_path):
    bound = {}
    words = parse(f"keys create --name ci --scope {READ} --into made", "magic")
    with connect(settings) as session:
        place = Place(session, tmp_path, print, lambda _: True, bind=bound.__setitem__)
        shown = run(words, place)
    assert bound["made"] is shown
    assert shown.made.key in shown.html()
    assert choices_of("keys", "--scope", "magic") == [READ, WRITE]


def test_a_server_elsewhere_makes_its_own_keys(settings, tmp_path):
    elsewhere = settings.model_copy(update={"server_url": "http://127.0.0.1:9/"})
    with connect(elsewhere) as session:
        place = Place(session, tmp_path, print, lambda _: True)
        with pytest.raises(UsageError, match="where the server keeps its jobs"):
            run(parse("keys list", "shell"), place)
