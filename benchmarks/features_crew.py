"""Our built-in crew on one set, for ``features.py``: reads a task from stdin, writes Parquet."""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from automl_magics.contracts.features import FeatureEngineeringRequest
from automl_magics.features.apply import KeptRecipe, apply_recipe, needed_sources
from automl_magics.features.crew import BuiltinDesigner, Proposal, propose


class Quiet:
    def step(self, name: str, message: str) -> None:
        pass


def main() -> None:
    task = json.load(sys.stdin)
    begin = time.perf_counter()
    files = {path.stem: path for path in sorted(Path(task["folder"]).glob("*.parquet"))}
    with tempfile.TemporaryDirectory() as scratch:
        found = design(files, task, Path(scratch))
    kept = KeptRecipe(found.recipe, found.plan)
    # Designed without the held-out labels; by then, those of earlier moments are known.
    tables = {name: pq.read_table(files[name]) for name in needed_sources(kept)}
    pq.write_table(apply_recipe(kept, tables), task["output"])
    seconds = time.perf_counter() - begin
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    left_out = [text for text in found.validation.warnings if "was left out" in text]
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "left_out": left_out}))


def design(files: dict[str, Path], task: dict[str, Any], scratch: Path) -> Proposal:
    """Return the proposal for the training rows' labels."""
    entity, label = task["entity"], task["label"]
    rows = pd.read_parquet(files[entity])
    rows = rows.drop(columns=[task["split"]] if task["split"] else [])
    rows[label] = rows[label].mask(pd.Series(task["held_out"]))
    known = {**files, entity: scratch / f"{entity}.parquet"}
    rows.to_parquet(known[entity], index=False)
    request = FeatureEngineeringRequest(
        target_table_name="training",
        source_tables=list(known),
        entity_grain=task["grain"],
        label={"column": f"{entity}.{label}", "type": "regression"},
        time_column=task["time"],
    )
    return propose(
        request,
        known,
        {name: name for name in known},
        scratch=scratch / "spill",
        designer=BuiltinDesigner(Quiet()),
        listener=Quiet(),
    )


if __name__ == "__main__":
    main()
