"""Which files hold data, by the endings of their names."""

from collections.abc import Mapping
from pathlib import Path

CSV, TSV, PARQUET, JSON, JSONL, ARROW = "csv", "tsv", "parquet", "json", "jsonl", "arrow"

CSV_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
JSON_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
PARQUET_SUFFIXES = frozenset({".parquet", ".pq"})
ARROW_SUFFIXES = frozenset({".arrow", ".feather", ".ipc"})
SUFFIXES = CSV_SUFFIXES | JSON_SUFFIXES | PARQUET_SUFFIXES | ARROW_SUFFIXES
PACKED = frozenset({".gz", ".zst"})
SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"})

_FORMATS: Mapping[str, str] = {
    ".csv": CSV,
    ".tsv": TSV,
    ".json": JSON,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    **dict.fromkeys(PARQUET_SUFFIXES, PARQUET),
    **dict.fromkeys(ARROW_SUFFIXES, ARROW),
}
_UNPACKABLE = frozenset({CSV, TSV, JSON, JSONL})


def data_format(path: Path) -> str | None:
    """Return ``csv``, ``tsv``, ``parquet``, ``json``, ``jsonl`` or ``arrow``; None for no data."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] in PACKED:
        kind = _FORMATS.get(suffixes[-2]) if len(suffixes) > 1 else None
        return kind if kind in _UNPACKABLE else None
    return _FORMATS.get(suffixes[-1]) if suffixes else None


def is_file_name(text: str) -> bool:
    """Return whether a text ends as a file's name does, whether it can be read or not."""
    return Path(text.lower()).suffix in SUFFIXES | PACKED | SPREADSHEETS
