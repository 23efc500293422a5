"""Pretrained networks: where a job finds them, and which ones a model has learned with."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

NetworkKind = Literal["text", "image"]


class TextNetwork(BaseModel):
    """A sentence-transformers model on this machine."""

    model_config = ConfigDict(frozen=True)

    folder: Path


class ImageNetwork(BaseModel):
    """An architecture of timm's and its weights on this machine."""

    model_config = ConfigDict(frozen=True)

    architecture: str
    weights: Path


class Networks(BaseModel):
    """The networks that a job may use; there may be none."""

    model_config = ConfigDict(frozen=True)

    text: TextNetwork | None = None
    image: ImageNetwork | None = None


NO_NETWORKS = Networks()


class UsedNetwork(BaseModel):
    """A network that a model has learned with, and has in itself."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: NetworkKind
    name: str
    """Its folder's name, or timm's of its architecture."""
    sha256: str
    """Hash of the files that it was read from."""
    size_bytes: int
    """How large these are; the model has a copy of what it needs of them."""
