"""What columns hold beside numbers and categories, and which predictor type that makes.

Cheap to import: this runs in the server when a job is created, and again in the engine. Both look
at the same thing, a column's first filled values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import PredictorType, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.problems import SUPERVISED
from automl_magics.training.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE_ROWS = 500
"""What a column holds is told by so many first rows."""
SAMPLE_CHARACTERS = 2_000
"""Of each value."""

Content = Literal["text", "image", "other"]

_IMAGE_FILE = re.compile(r"(?i)\.(png|jpe?g|gif|bmp|webp|tiff?)$")
_FEWEST_TEXTS = 10
_DIFFERENT = 0.5
_WORDS = 3.0
_CHARACTERS = 15.0
"""Of a text whose language puts no spaces between words."""
_MOSTLY = 0.9
_ID_NAME = re.compile(r"(?i:(^|[_\W])(id|index|key|row|rownames|unnamed: \d+)$)|[a-z](ID|Id)$")
_NUMBER_OR_DATE = re.compile(r"[\s\d.,:+\-/TZeE%$€£]*")


@dataclass(frozen=True)
class Contents:
    """What each column of a table holds."""

    types: Mapping[str, ColumnType]
    of: Mapping[str, Content]
    """Of the columns that hold text or bytes; the others are not in here."""

    def named(self, columns: Iterable[str], content: Content) -> list[str]:
        """Return those of some columns that hold this."""
        return [name for name in columns if self.of.get(name) == content]


def content_of(values: Sequence[str | bytes]) -> Content:
    """Tell what a column holds by its first filled values."""
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    if texts and sum(bool(_IMAGE_FILE.search(value)) for value in texts) > _MOSTLY * len(texts):
        return "image"
    if len(texts) < _FEWEST_TEXTS or len(set(texts)) <= _DIFFERENT * len(texts):
        return "other"
    if sum(bool(_NUMBER_OR_DATE.fullmatch(value)) for value in texts) > _MOSTLY * len(texts):
        return "other"
    words = sum(len(value.split()) for value in texts) / len(texts)
    if words >= _WORDS or runs_on(texts):
        return "text"
    return "other"


def looks_like_an_identifier(name: str) -> bool:
    """Tell by a column's name whether it is called an identifier."""
    return _ID_NAME.search(name.strip()) is not None


def runs_on(texts: Sequence[str]) -> bool:
    """Tell texts of a language without spaces: long, and of letters beyond the alphabets' own."""
    length = sum(map(len, texts)) / max(1, len(texts))
    beyond = sum(sum(character >= "\u0e00" for character in value) for value in texts)
    return length >= _CHARACTERS and beyond > 0.5 * sum(map(len, texts))


def predictor_type_of(
    task: Task, problem_type: ProblemType, contents: Contents
) -> tuple[PredictorType, str]:
    """Return the predictor type of a task, and why it is that where the task names none.

    Raises
    ------
    InvalidInput
        With the request's field, when the columns lack what the named type learns from.
    """
    if task.predictor_type is None:
        return _detected(task, problem_type, contents)
    if task.predictor_type is not PredictorType.TABULAR and problem_type not in SUPERVISED:
        raise InvalidInput(
            f"{problem_type.value.replace('_', ' ').capitalize()} learns from tabular data only.",
            hint="Leave predictor_type out.",
            field="predictor_type",
        )
    _CHECKS[task.predictor_type](task, contents)
    return task.predictor_type, ""


def text_columns(task: Task, contents: Contents) -> list[str]:
    """Return the columns to be read as text.

    Where the predictor type is text, a column that the task names is one whatever it holds.
    """
    columns = task.features(contents.types)
    if task.predictor_type is PredictorType.TEXT and task.feature_columns:
        return [name for name in columns if contents.types[name] == "text"]
    return contents.named(columns, "text")


def contents_of(table: "pa.Table") -> Contents:
    """Return what a table's columns hold, by its first rows."""
    from automl_magics.training.frames import column_type, columns_of

    found = columns_of(table.slice(0, SAMPLE_ROWS))
    types = {name: column_type(values.type) for name, values in found.items()}
    of = {
        name: content_of([value[:SAMPLE_CHARACTERS] for value in values.drop_null().to_pylist()])
        for name, values in found.items()
        if types[name] == "text"
    }
    return Contents(types, of)


def left_out(task: Task, contents: Contents) -> dict[str, str]:
    """Return the columns that the predictor type leaves out, with the reason."""
    if task.predictor_type is not PredictorType.TEXT:
        return {}
    kept = text_columns(task, contents)
    return {
        name: "is no text, and the predictor type is text"
        for name in task.features(contents.types)
        if name not in kept
    }


def _detected(
    task: Task, problem_type: ProblemType, contents: Contents
) -> tuple[PredictorType, str]:
    columns = task.features(contents.types)
    texts = contents.named(columns, "text")
    if problem_type not in SUPERVISED or not texts:
        return PredictorType.TABULAR, ""
    others = [name for name in columns if name not in texts and not looks_like_an_identifier(name)]
    named = _quoted(texts)
    holds = "holds" if len(texts) == 1 else "hold"
    if others:
        reason = f"Multimodal, since {named} {holds} text beside {len(others)} other columns."
        return PredictorType.MULTIMODAL, reason.replace(" 1 other columns", " another column")
    return PredictorType.TEXT, f"Text, since {named} {holds} texts."


def _check_tabular(task: Task, contents: Contents) -> None:
    """Any column will do."""


def _check_text(task: Task, contents: Contents) -> None:
    if task.feature_columns:
        other = [n for n in task.feature_columns if contents.types.get(n, "text") != "text"]
        if other:
            raise InvalidInput(
                f"'{other[0]}' holds {_words(contents.types[other[0]])}, no text.",
                hint="Leave it out, or ask for the predictor type multimodal.",
                field="feature_columns",
            )
    if not text_columns(task, contents):
        raise InvalidInput(
            "The predictor type text needs a column that holds text, and there is none.",
            hint="Leave predictor_type out, or name tabular.",
            field="predictor_type",
        )


def _check_multimodal(task: Task, contents: Contents) -> None:
    columns = task.features(contents.types)
    kinds = {contents.of.get(name, "other") for name in columns}
    if len(kinds) < 2:
        raise InvalidInput(
            "The predictor type multimodal needs columns of two kinds (text, images, others), and"
            f" all columns here hold {_KINDS[next(iter(kinds), 'other')]}.",
            hint="Leave predictor_type out.",
            field="predictor_type",
        )


def _check_image(task: Task, contents: Contents) -> None:
    if not contents.named(task.features(contents.types), "image"):
        raise InvalidInput(
            "The predictor type image needs a column that holds images, and there is none.",
            hint="Leave predictor_type out, or name tabular.",
            field="predictor_type",
        )


_KINDS: Mapping[Content, str] = {
    "text": "text", "image": "images", "other": "numbers or categories",
}  # fmt: skip
_CHECKS = {
    PredictorType.TABULAR: _check_tabular,
    PredictorType.TEXT: _check_text,
    PredictorType.IMAGE: _check_image,
    PredictorType.MULTIMODAL: _check_multimodal,
}


def _words(kind: ColumnType) -> str:
    return {"datetime": "dates", "boolean": "booleans", "other": "nested values or bytes"}.get(
        kind, "numbers"
    )


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return shown + (", …" if len(names) > 3 else "")
