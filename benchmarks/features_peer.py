"""featuretools on one set, for ``features.py``: reads a task from stdin, writes Parquet.

Runs in a Python of its own, with featuretools, pandas and pyarrow and nothing of ours.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import featuretools as ft
import pandas as pd


def main() -> None:
    task = json.load(sys.stdin)
    folder, entity = Path(task["folder"]), task["entity"]
    names = {name for link in task["links"] for name in (link[0], link[2])}
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in sorted(names)}
    begin = time.perf_counter()
    made = synthesize(tables, task, entity)
    seconds = time.perf_counter() - begin
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made.to_parquet(task["output"], index=False)
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


def synthesize(tables: dict[str, pd.DataFrame], task: dict[str, Any], entity: str) -> pd.DataFrame:
    """Return the features of the entity table's rows, in their order, of depth 2.

    Earlier rows of the entity table, labels included, are a table of their own beside the rows to
    be predicted, which have no label and are known a second before the moment.
    """
    entities = ft.EntitySet("set")
    second = pd.Timedelta(seconds=1)
    for name, rows in tables.items():
        dated = _dated(rows.drop(columns=[task["split"]], errors="ignore"), task["time"])
        key = task["parents"].get(name, "row_number")
        dated = dated.assign(row_number=range(len(dated))) if key == "row_number" else dated
        moment = "moment" if "moment" in dated else None
        if name == entity:
            past = dated.assign(row_number=range(len(dated)))
            entities.add_dataframe(
                dataframe_name="history", dataframe=past, index="row_number", time_index="moment"
            )
            dated = dated.drop(columns=task["label"])
            dated = dated.assign(moment=dated["moment"] - second)
        entities.add_dataframe(dataframe_name=name, dataframe=dated, index=key, time_index=moment)
    for parent, key, child, column in task["links"]:
        entities.add_relationship(parent, key, child, column)
        if child == entity:
            entities.add_relationship(parent, key, "history", column)
    target = entities[entity]
    cutoffs = pd.DataFrame({"instance_id": target[target.ww.index], "time": target["moment"]})
    made, _ = ft.dfs(
        entityset=entities,
        target_dataframe_name=entity,
        cutoff_time=cutoffs,
        max_depth=2,
        verbose=False,
    )
    order = pd.read_parquet(Path(task["folder"]) / f"{entity}.parquet")
    keys = order[task["parents"][entity]] if entity in task["parents"] else range(len(order))
    made = made.reindex(list(keys))
    return made.apply(
        lambda column: column.astype(str) if str(column.dtype) == "category" else column
    )


def _dated(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return rows with their moment, where they have one."""
    if name not in rows:
        return rows
    is_year = pd.api.types.is_integer_dtype(rows[name])
    moments = pd.to_datetime(rows[name].astype(str), format="%Y" if is_year else None)
    return rows.assign(moment=moments)


if __name__ == "__main__":
    main()
