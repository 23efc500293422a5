"""Datasets under a root and in the workspace."""

import json
import os

import duckdb
import pyarrow as pa
import pytest
from pyarrow import feather

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data import catalog, counts
from automl_magics.service import DatasetService
from automl_magics.service import datasets as module

CSV = "a,b\n1,x\n2,y\n3,z\n"


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "root"
    place.mkdir()
    return place


@pytest.fixture
def datasets(settings, root):
    return DatasetService(settings, root)


def by_name(datasets):
    return {dataset.name: dataset for dataset in datasets.list()}


def workspace(settings, *statements):
    with duckdb.connect(str(settings.workspace_path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_every_kind_of_file_is_listed_with_its_counts(datasets, root):
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    (root / "deep" / "er").mkdir(parents=True)
    (root / "one.csv").write_text(CSV)
    (root / "deep" / "two.tsv").write_text(CSV.replace(",", "\t"))
    duckdb.from_arrow(table).write_parquet(str(root / "deep" / "er" / "three.parquet"))
    rows = table.to_pylist()
    (root / "four.json").write_text(json.dumps(rows))
    (root / "five.jsonl").write_text("\n".join(map(json.dumps, rows)))
    feather.write_feather(table, str(root / "six.arrow"))
    duckdb.from_arrow(table).write_csv(str(root / "seven.csv.gz"), compression="gzip")
    (root / "notes.txt").write_text(CSV)
    (root / "book.ipynb").write_text("{}")
    found = by_name(datasets)
    assert {name: dataset.format for name, dataset in found.items()} == {
        "five.jsonl": "jsonl",
        "four.json": "json",
        "one.csv": "csv",
        "seven.csv.gz": "csv",
        "six.arrow": "arrow",
        "deep/two.tsv": "tsv",
        "deep/er/three.parquet": "parquet",
    }
    for name, dataset in found.items():
        assert (dataset.rows, dataset.columns) == (3, 2), name
        assert dataset.size_bytes == (root / name).stat().st_size
        assert datasets.source_table(dataset.dataset_id) == name
        assert datasets.source_table(name) == name
        assert datasets.source_table(str(root / name)) == name


def test_a_workspace_s_tables_and_views_are_listed(datasets, settings):
    workspace(
        settings,
        "CREATE TABLE numbers AS SELECT range AS n FROM range(7)",
        "CREATE VIEW few AS SELECT * FROM numbers LIMIT 2",
        'CREATE TABLE "no; name" (x INTEGER)',
        "CREATE VIEW gone AS SELECT * FROM numbers",
    )
    found = by_name(datasets)
    assert set(found) == {"numbers", "few", "gone"}
    assert (found["numbers"].rows, found["numbers"].columns) == (7, 1)
    assert found["few"].rows == 2
    assert found["numbers"].format == "duckdb"
    assert datasets.source_table(found["few"].dataset_id) == "few"
    assert datasets.source_table("numbers") == "numbers"


def test_an_id_stays_while_the_file_changes_and_the_counts_follow(datasets, root):
    (root / "one.csv").write_text(CSV)
    before = by_name(datasets)["one.csv"]
    (root / "one.csv").write_text(CSV + "4,w\n")
    after = by_name(datasets)["one.csv"]
    assert before.dataset_id == after.dataset_id
    assert (before.rows, after.rows) == (3, 4)


def test_a_file_is_counted_once(datasets, root, monkeypatch):
    (root / "one.csv").write_text(CSV)
    (root / "bad.parquet").write_text("no parquet")
    counted = []

    def count(source, seconds):
        counted.append(source.text)
        return catalog.count_source(source, seconds)

    monkeypatch.setattr(module, "count_source", count)
    for _ in range(3):
        assert [dataset.name for dataset in datasets.list()] == ["one.csv"]
    assert sorted(counted) == ["bad.parquet", "one.csv"]


def test_what_there_is_no_time_to_count_is_listed_uncounted(datasets, root, monkeypatch):
    (root / "one.csv").write_text(CSV)
    monkeypatch.setattr(module, "COUNTING_SECONDS", 0.0)
    assert by_name(datasets)["one.csv"].rows is None
    monkeypatch.undo()
    assert by_name(datasets)["one.csv"].rows == 3


def test_what_is_remembered_is_bounded(datasets, root, settings, monkeypatch):
    monkeypatch.setattr(counts, "MAX_COUNTS", 2)
    for number in range(4):
        (root / f"{number}.csv").write_text(CSV)
    assert len(datasets.list()) == 4
    assert len(counts.CountsCache(settings.home / module.COUNTS_FILE).read()) == 2


def test_links_hidden_files_packages_and_our_own_home_are_left_out(datasets, root, settings):
    outside = root.parent / "outside"
    for folder in (outside, root / ".git", root / "node_modules", root / "inside"):
        folder.mkdir()
        (folder / "data.csv").write_text(CSV)
    (root / ".data.csv").write_text(CSV)
    (root / "file.csv").symlink_to(outside / "data.csv")
    (root / "folder").symlink_to(outside)
    (root / "round").symlink_to(root)
    (root / "to_inside.csv").symlink_to(root / "inside" / "data.csv")
    assert set(by_name(datasets)) == {"inside/data.csv"}
    assert datasets.source_table("to_inside.csv") == "inside/data.csv"

    within = DatasetService(settings, settings.home.parent)
    (settings.home / "snapshot.csv").write_text(CSV)
    assert not [name for name in by_name(within) if "snapshot" in name]
    with pytest.raises(InvalidInput, match="no dataset"):
        within.source_table(f"{settings.home.name}/snapshot.csv")


@pytest.mark.parametrize(
    "text",
    [
        "../outside/data.csv",
        "inside/../../outside/data.csv",
        "/etc/passwd",
        "{outside}/data.csv",
        "file.csv",
        "folder/data.csv",
        "chain.csv",
    ],
)
def test_nothing_outside_the_root_is_a_dataset(datasets, root, text):
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "data.csv").write_text(CSV)
    (root / "file.csv").symlink_to(outside / "data.csv")
    (root / "chain.csv").symlink_to(root / "file.csv")
    (root / "folder").symlink_to(outside)
    with pytest.raises(InvalidInput, match="outside the folder") as error:
        datasets.source_table(text.replace("{outside}", str(outside)))
    assert error.value.field == "dataset"


@pytest.mark.parametrize(
    "text",
    ["", ".", "nothing.csv", ".hidden.csv", "notes", "SELECT 1", "'one.csv'", "\x00", "x" * 9999],
)
def test_what_is_no_dataset_is_refused(datasets, root, text):
    (root / ".hidden.csv").write_text(CSV)
    (root / "one.csv").write_text(CSV)
    (root / "notes").write_text(CSV)
    with pytest.raises(InvalidInput, match="no dataset") as error:
        datasets.source_table(text)
    assert "one.csv" not in error.value.hint


def test_odd_names_are_told_apart_and_can_be_trained_on(datasets, root):
    for name in (" space.csv", "it's.csv", "ünï.csv", "a\nb.csv", "-x.csv"):
        (root / name).write_text(CSV)
    with open(os.fsencode(root) + b"/\xff.csv", "w") as file:  # noqa: PTH123 (no UTF-8)
        file.write(CSV)
    found = datasets.list()
    assert len(found) == len({dataset.dataset_id for dataset in found}) == 5
    for dataset in found:
        assert dataset.rows == 3, dataset.name
        assert datasets.source_table(dataset.dataset_id) == dataset.source_table


def test_the_walk_is_bounded(root, monkeypatch):
    for number in range(9):
        (root / f"{number}.csv").write_text(CSV)
    private = root / "home"
    monkeypatch.setattr(catalog, "MAX_FILES", 4)
    assert len(list(catalog.data_files(root, private))) == 4
    monkeypatch.setattr(catalog, "MAX_ENTRIES", 2)
    assert len(list(catalog.data_files(root, private))) == 2
