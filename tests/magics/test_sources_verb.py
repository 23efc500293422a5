"""``automl sources`` and ``%automl sources``."""

import json
import sqlite3

import pytest
from IPython.core.interactiveshell import InteractiveShell

from automl_magics.cli import main
from automl_magics.contracts.errors import UsageError
from automl_magics.magics.grammar import parse
from automl_magics.magics.verbs import Place, run
from automl_magics.session import connect


@pytest.fixture
def automl(settings, monkeypatch, capsys, tmp_path):
    """Run a command in a folder with an SQLite file; return its exit code and what it wrote."""
    monkeypatch.setenv("AUTOML_SERVER_URL", "none")
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("shop.sqlite") as made:
        made.execute("CREATE TABLE orders AS SELECT 1 AS id")

    def command(*words):
        code = main(["sources", *words])
        written = capsys.readouterr()
        return code, written.out, written.err

    return command


def test_sources_are_added_listed_and_removed_at_a_shell(automl, tmp_path):
    assert automl()[1] == "No sources. Add one: automl sources add NAME URL\n"
    code, out, _ = automl("add", "shop", "shop.sqlite", "--json")
    url = f"sqlite://{tmp_path}/shop.sqlite"
    added = {"name": "shop", "url": url, "tables": ["shop.orders"], "problem": None}
    assert (code, json.loads(out)) == (0, added)
    code, out, _ = automl("add", "crm", "postgresql://ada:${env:PATH}@127.0.0.1:1/d")
    assert code == 0
    assert "Added crm. The source 'crm' cannot be reached: nothing answers" in out
    (crm, shop) = json.loads(automl("list", "--json")[1])
    assert crm["url"] == "postgresql://ada:${env:PATH}@127.0.0.1:1/d"
    assert (shop["kind"], shop["set_by"]) == ("sqlite", "home")
    assert automl()[1].splitlines()[2].split() == ["shop", "sqlite", url, "home"]
    assert automl("remove", "crm")[:2] == (0, "Removed crm.\n")
    assert [source["name"] for source in json.loads(automl("--json")[1])] == ["shop"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make"], "'make' is not known"),
        (["add", "crm"], "needs a name and an address"),
        (["add", "crm", "postgresql://ada:hunter2@h/d"], "holds a password"),
        (["add", "crm", "nowhere.sqlite"], "no such file or folder"),
        (["add", "Crm", "shop.sqlite"], "will not do as a source's name"),
        (["remove"], "Which source?"),
        (["remove", "crm"], "no source 'crm'"),
        (["list", "crm"], "takes no name"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(automl, words, said):
    code, out, err = automl(*words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err
    assert "hunter2" not in err


def test_the_magic_lists_what_it_added_and_keeps_references_as_they_are(automl, tmp_path):
    bound = {}
    shell = InteractiveShell()
    shell.user_ns["env"] = "a variable"
    line = shell.var_expand("sources add crm postgresql://ada:${env:PATH}@127.0.0.1:1/d")
    with connect(detached=True) as session:
        place = Place(session, tmp_path, print, lambda _: True, bind=bound.__setitem__)
        run(parse(line, "magic"), place)
        shown = run(parse("sources --into found", "magic"), place)
    assert bound["found"] is shown
    assert shown[0].url.endswith("${env:PATH}@127.0.0.1:1/d")
    assert "postgresql" in shown.html()


def test_a_server_elsewhere_sets_its_own_sources(settings, tmp_path):
    elsewhere = settings.model_copy(update={"server_url": "http://127.0.0.1:9/"})
    with connect(elsewhere) as session:
        place = Place(session, tmp_path, print, lambda _: True)
        with pytest.raises(UsageError, match="where the server keeps its jobs"):
            run(parse("sources list", "shell"), place)
