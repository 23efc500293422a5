"""Dates that are written as text: in which format, and what they are."""

import re
import warnings
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ISO_8601 = "ISO8601"
"""The format, as pandas calls it, in which dates are read where no other is known."""

_ISO = r"^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?\s*$"
_LONGEST = 40
_LOOKED_AT = 20
"""So many values are looked at to guess a format; all must then be in it."""
_HALF_DAY = re.compile(r"(?i)(\s*)[ap]m$")


def date_format(filled: pa.Array) -> str | None:
    """Return the format that every text is a date in, as pandas reads it; None where there is none.

    Where day and month cannot be told apart, dots have the day first and slashes the month.
    """
    if not len(filled):
        return None
    first = filled.slice(0, 100)
    if pc.all(pc.match_substring_regex(first, _ISO)).as_py():
        return ISO_8601 if pc.all(pc.match_substring_regex(filled, _ISO)).as_py() else None
    if pc.max(pc.utf8_length(first)).as_py() > _LONGEST:
        return None
    return next((form for form in _guesses(first) if _reads(filled, form)), None)


def parse_moments(values: pa.Array, form: str = ISO_8601) -> NDArray[np.datetime64]:
    """Read text in a format: datetime64[us] in UTC, NaT where it is not in it."""
    import pandas as pd

    text = pd.Series(values.to_numpy(zero_copy_only=False), dtype=object)
    parsed = pd.to_datetime(text, format=form, errors="coerce", utc=True)
    return parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def _guesses(texts: pa.Array) -> Iterator[str]:
    """Yield the formats that the texts look as if they were in, each once."""
    seen = set()
    for text in texts.slice(0, _LOOKED_AT).to_pylist():
        for day_first in (True, False) if "." in text else (False, True):
            form = _guess(text, day_first=day_first)
            if form is None:
                return
            if form not in seen and _has_year_and_month(form):
                seen.add(form)
                yield form


def _guess(text: str, *, day_first: bool) -> str | None:
    """Return a format that a text may be in; pandas does not guess at AM and PM."""
    from pandas.tseries.api import guess_datetime_format

    half = _HALF_DAY.search(text)
    with warnings.catch_warnings(action="ignore"):  # that the day may be first: both are tried
        form = guess_datetime_format(text[: half.start()] if half else text, dayfirst=day_first)
    if half is None or form is None:
        return form
    return f"{form.replace('%H', '%I')}{half[1]}%p"


def _has_year_and_month(form: str) -> bool:
    return ("%Y" in form or "%y" in form) and any(part in form for part in ("%m", "%b", "%B"))


def _reads(texts: pa.Array, form: str) -> bool:
    return all(
        not np.isnat(parse_moments(some, form)).any() for some in (texts.slice(0, 100), texts)
    )
