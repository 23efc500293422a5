"""Runs the code cells of notebooks: ``python cells_of_notebooks.py OUTPUT NOTEBOOK...``.

Each in a namespace of its own. For each it writes the score, the test score where there is one,
and what the model predicts for the rows. It must not need the package.
"""

import json
import os
import sys
import traceback
from pathlib import Path

os.environ["MPLBACKEND"] = "agg"


def main(output: Path, notebooks: list[Path]) -> None:
    found = {path.stem: outcome_of(path) for path in notebooks}
    ours = [name for name in sys.modules if name.startswith("automl_")]
    output.write_text(json.dumps({"ours": ours, "outcomes": found}))


def outcome_of(path: Path) -> dict[str, object]:
    names: dict[str, object] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        try:
            exec(compile(source, path.name, "exec"), names)  # noqa: S102 - what it is for
        except Exception:  # noqa: BLE001 - told by the test
            return {"error": traceback.format_exc(), "source": source}
    test = names.get("test_score")
    if "settled" in names:
        test = names["score_of"](names["scored"], names["settled"])
    if "future" in names:
        return {
            "score": float(names["score"]),
            "tolerance": names["TOLERANCE"],
            "test_score": None,
            "columns": ["prediction"],
            "rows": [],
            "predicted": names["future"][["prediction"]].to_numpy().tolist(),
        }
    importance = names.get("importance")
    found = names["predict"](names["rows"]).select_dtypes("number")
    rows = names["rows"]["row"]
    return {
        "score": float(names["score"]),
        "tolerance": names["TOLERANCE"],
        "test_score": None if test is None else float(test),
        "columns": list(found.columns),
        "rows": rows.tolist(),
        "predicted": found.to_numpy().astype(float).tolist(),
        "importance": {} if importance is None else importance.to_dict(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
