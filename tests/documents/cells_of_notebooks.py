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
    scored, rows = names["scored"], names["rows"]
    test = names["score_of"](scored, names["settled"]) if "settled" in names else None
    last = names["predict"](rows).to_numpy()[:, -1]
    return {
        "score": float(names["score"]),
        "test_score": None if test is None else float(test),
        "predicted": last.astype(float).tolist(),
        "importance": names["importance"].to_dict(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
