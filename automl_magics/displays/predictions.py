"""Predictions, as a frame and as a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import InvalidInput, UsageError
from automl_magics.displays.view import MAGIC, View

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10
ENDINGS = (".csv", ".parquet")


class Predictions(View):
    """One row to a row of the input, in its order."""

    def __init__(self, frame: "pd.DataFrame") -> None:
        self.frame = frame

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return the first rows."""
        shown = self.frame.head(SHOWN).to_string(index=False)
        more = len(self.frame) - SHOWN
        return f"{shown}\n… and {more:,} more" if more > 0 else shown

    def html(self) -> str:
        """Return the first rows as a table."""
        return str(self.frame.head(SHOWN).to_html(index=False))

    def data(self) -> list[dict[str, Any]]:
        """Return every row."""
        rows: list[dict[str, Any]] = json.loads(
            self.frame.to_json(orient="records", double_precision=15, date_format="iso")
        )
        return rows

    def to_pandas(self) -> "pd.DataFrame":
        """Return the frame."""
        return self.frame

    def write(self, path: Path) -> None:
        """Write a CSV or a Parquet file, by the path's ending."""
        try:
            if path.suffix.lower() == ".csv":
                self.frame.to_csv(path, index=False)
            else:
                self.frame.to_parquet(path, index=False)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InvalidInput(f"{str(path)!r} cannot be written: {reason}.") from error


def check_output(path: Path) -> Path:
    """Return the path if predictions can go there; `UsageError` says why not."""
    if path.suffix.lower() not in ENDINGS:
        message = f"--output {path.name!r} has neither of the endings that can be written."
        raise UsageError(message, hint=f"Use {' or '.join(ENDINGS)}.")
    if not path.parent.is_dir():
        message = f"--output: there is no folder {str(path.parent)!r}."
        raise UsageError(message, hint="Make it first.")
    return path
