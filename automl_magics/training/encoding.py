"""From a frame to the matrix that models learn from, the same way at training and prediction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.contracts.networks import NetworkKind
from automl_magics.training.columns import (
    Category,
    ColumnEncoder,
    from_dict,
    to_dict,
)
from automl_magics.training.encoder_choice import choose_encoder
from automl_magics.training.frames import (
    Floats,
    column_type,
    columns_of,
)
from automl_magics.training.images.image import Image
from automl_magics.training.networks.backbone import Backbone
from automl_magics.training.networks.sentences import Sentences
from automl_magics.training.sparse import SparseBlock
from automl_magics.training.text_column import Document

_TEXTS = "texts"
_NETWORKS = "networks"
SHARED_ROWS = 32_768
"""Of so many rows at once is kept what several models want of them."""


@dataclass(frozen=True)
class Encoded:
    """Rows as numbers."""

    values: Floats
    """(rows, features); NaN is missing, a category is its code."""
    names: tuple[str, ...]
    sources: tuple[str, ...]
    """For each feature the column it was made from."""
    categorical: tuple[int, ...]
    """Which features hold codes that have no order."""
    sparse: SparseBlock | None = None
    """What texts hold, for families that learn from it; its columns have dense features too."""
    shared: dict[bytes, NDArray[Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Matrices made of these rows that several models want, by what makes them."""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.int64]) -> "Encoded":
        """Return some of the rows."""
        sparse = None if self.sparse is None else self.sparse.take(rows)
        return replace(self, values=self.values[rows], sparse=sparse)

    def shuffled(self, column: str, order: NDArray[np.int64]) -> "Encoded":
        """Return the rows with the features of one column in another order of rows."""
        places = [place for place, source in enumerate(self.sources) if source == column]
        values = self.values.copy()
        values[:, places] = values[order][:, places]
        sparse = None if self.sparse is None else self.sparse.shuffled(column, order)
        return replace(self, values=values, sparse=sparse)


@dataclass(frozen=True)
class Encoder:
    """Encodes the columns it was fitted on.

    Parameters
    ----------
    encoders
        By column, in the order of their features.
    types
        What each of these columns held in training.
    dropped
        Columns that were left out, with the reason.
    """

    encoders: Mapping[str, ColumnEncoder]
    types: Mapping[str, ColumnType]
    dropped: Mapping[str, str]

    @classmethod
    def fit(
        cls,
        frame: Any,
        columns: Sequence[str] | None = None,
        *,
        chosen: Mapping[str, ColumnEncoder] | None = None,
    ) -> "Encoder":
        """Choose an encoder for each column by looking at training rows only.

        Parameters
        ----------
        chosen
            The encoders of columns for which there is one already: of texts that are read whole,
            for families that learn from n-grams, and of pictures.

        Raises `InvalidInput` when no column is worth learning from.
        """
        found = columns_of(frame)
        encoders: dict[str, ColumnEncoder] = {}
        dropped: dict[str, str] = {}
        for name in found if columns is None else columns:
            choice: ColumnEncoder | str | None = (chosen or {}).get(name)
            if choice is None:
                choice = choose_encoder(found[name], name)
            if isinstance(choice, str):
                dropped[name] = choice
            else:
                encoders[name] = choice
        if not encoders:
            reasons = "; ".join(f"'{name}' {reason}" for name, reason in list(dropped.items())[:3])
            raise InvalidInput(
                f"No column is left to learn from{': ' + reasons if reasons else ''}.",
                hint="Add columns that say something about the label.",
                field="feature_columns",
            )
        types: dict[str, ColumnType] = {
            name: "image" if encoder.kind == "image" else column_type(found[name].type)
            for name, encoder in encoders.items()
        }
        return cls(encoders, types, dropped)

    def transform(self, frame: Any) -> Encoded:
        """Encode a frame that has at least the fitted columns, in any order.

        Raises `InvalidInput` for missing columns and for types that cannot be read.
        """
        found = columns_of(frame)
        self._check_columns(found)
        rows = len(next(iter(found.values())))
        values = np.empty((rows, len(self.names)))
        at = 0
        sparse = {}
        for name, encoder in self.encoders.items():
            width = len(encoder.features)
            if isinstance(encoder, Document):
                dense, sparse[name] = encoder.encode_both(found[name], name)
            else:
                dense = encoder.encode(found[name], name)
            values[:, at : at + width] = dense
            at += width
        apart = {name: document.apart for name, document in self.documents.items()}
        block = SparseBlock.of(sparse, apart) if sparse else None
        return Encoded(values, self.names, self.sources, self._categorical, block)

    def unknown(self, features: Encoded) -> NDArray[np.bool_]:
        """Return which of the rows that this has encoded have nothing to be predicted by.

        Every column is missing there, or holds what cannot be read or was never seen.
        """
        missing: NDArray[np.bool_] = np.isnan(features.values[:, self._telling])
        return np.asarray(missing.all(axis=1), dtype=np.bool_)

    @cached_property
    def _telling(self) -> NDArray[np.int64]:
        """The features that are missing where their column is; n-grams' are 0 then."""
        widths = [len(encoder.features) for encoder in self.encoders.values()]
        starts = np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(np.int64)
        told = [
            encoder.apart if isinstance(encoder, Document) else width
            for encoder, width in zip(self.encoders.values(), widths, strict=True)
        ]
        return np.concatenate(
            [np.arange(start, start + width) for start, width in zip(starts, told, strict=True)]
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names."""
        return tuple(
            f"{name} {feature}".rstrip() if feature else name
            for name, encoder in self.encoders.items()
            for feature in encoder.features
        )

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """For each feature the column it is made from."""
        return tuple(name for name, enc in self.encoders.items() for _ in enc.features)

    @cached_property
    def _categorical(self) -> tuple[int, ...]:
        return tuple(
            i
            for i, source in enumerate(self.sources)
            if isinstance(self.encoders[source], Category)
        )

    def _check_columns(self, found: Mapping[str, pa.Array]) -> None:
        absent = [name for name in self.encoders if name not in found]
        if not absent:
            return
        unused = [name for name in found if name not in self.encoders]
        shown = ", ".join(f"'{name}'" for name in absent[:5]) + (", …" if len(absent) > 5 else "")
        raise InvalidInput(
            f"The rows lack {'a column' if len(absent) == 1 else 'columns'} that the model needs:"
            f" {shown}.",
            hint=did_you_mean(absent[0], unused) if unused else "Add it, null where not known.",
        )

    @property
    def documents(self) -> dict[str, Document]:
        """The columns whose texts are read whole."""
        return {name: of for name, of in self.encoders.items() if isinstance(of, Document)}

    @property
    def networks(self) -> "dict[NetworkKind, Sentences | Backbone]":
        """The pretrained networks that columns become features by."""
        found: dict[NetworkKind, Sentences | Backbone] = {}
        for encoder in self.encoders.values():
            if isinstance(encoder, Document) and encoder.embedding is not None:
                found["text"] = encoder.embedding.network
            if isinstance(encoder, Image) and encoder.seen is not None:
                found["image"] = encoder.seen.network
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as JSON's types, all but what `save_files` has."""
        return {
            "columns": [
                {"name": name, "type": self.types[name], "encoder": _as_json(encoder)}
                for name, encoder in self.encoders.items()
            ],
            "dropped": dict(self.dropped),
        }

    def save_files(self, folder: Path) -> None:
        """Write what is too large for JSON into a model's folder: documents and networks."""
        for place, encoder in enumerate(self.encoders.values()):
            if isinstance(encoder, Document):
                encoder.save(folder / _TEXTS / str(place))
        for kind, network in self.networks.items():
            network.save(folder / _NETWORKS / kind)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], folder: Path | None = None) -> "Encoder":
        """Return the encoder that `to_dict` wrote, with the files of a model's folder.

        Raises `InvalidInput` where it needs a network and nothing is installed to run it.
        """
        columns = document["columns"]
        place_of = Path() if folder is None else folder
        sentences = cache(lambda: Sentences.of_model(place_of / _NETWORKS / "text"))
        backbone = cache(lambda: Backbone.of_model(place_of / _NETWORKS / "image"))

        def read(place: int, told: Mapping[str, Any]) -> ColumnEncoder:
            if told["kind"] == Document.kind:
                return Document.load(place_of / _TEXTS / str(place), sentences)
            if told["kind"] == Image.kind:
                return Image.from_document(told, backbone)
            return from_dict(told)

        return cls(
            {column["name"]: read(at, column["encoder"]) for at, column in enumerate(columns)},
            {column["name"]: column["type"] for column in columns},
            document["dropped"],
        )


def _as_json(encoder: ColumnEncoder) -> dict[str, Any]:
    if isinstance(encoder, Document):
        return {"kind": encoder.kind}
    if isinstance(encoder, Image):
        return encoder.to_document()
    return to_dict(encoder)
