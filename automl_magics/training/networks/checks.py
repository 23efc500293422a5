"""Whether a pretrained network can be used here, told without importing what would run it.

Cheap: this runs in the server when a job is created, and again where a model is loaded.
"""

import json
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.networks import NetworkKind, Networks

MODULES = "modules.json"
"""What a sentence-transformers model consists of: its file in the model's folder."""

WEIGHTS = "model.safetensors"

_LIBRARIES: Mapping[NetworkKind, tuple[str, str]] = {
    "text": ("sentence_transformers", "sentence-transformers"),
    "image": ("timm", "timm"),
}
"""By kind: the module, and the distribution that brings it."""

_OWN = "sentence_transformers."
_ENDINGS = (".safetensors", ".pt", ".pth", ".bin")


def check_networks(networks: Networks, kinds: Collection[NetworkKind]) -> None:
    """Check that those networks that are set can be used for columns of these kinds.

    Raises `InvalidInput` where a library is not installed or files are not what they should be.
    """
    if networks.text is not None and "text" in kinds:
        check_library("text", "AUTOML_TEXT_MODEL is set")
        _check_sentences(networks.text.folder)
    if networks.image is not None and "image" in kinds:
        check_library("image", "AUTOML_IMAGE_MODEL is set")
        _check_weights(networks.image.weights)


def libraries_of(kind: NetworkKind) -> tuple[str, ...]:
    """Return the distributions that run a network."""
    return ("torch", _LIBRARIES[kind][1])


def check_library(kind: NetworkKind, needed: str) -> None:
    """Raise `InvalidInput` unless what runs a network is installed; ``needed`` says what for."""
    module, distribution = _LIBRARIES[kind]
    if find_spec(module) is None:
        raise InvalidInput(
            f"{needed}, and {distribution} is not installed here.",
            hint=f"Install automl-magics[{kind}].",
        )


def _check_sentences(folder: Path) -> None:
    try:
        modules: list[dict[str, Any]] = json.loads((folder / MODULES).read_text("utf-8"))
        types = [str(module["type"]) for module in modules]
    except (OSError, ValueError, TypeError, KeyError):
        raise _no_sentences(folder, f"it has no {MODULES} that can be read") from None
    foreign = [name for name in types if not name.startswith(_OWN)]
    if foreign:  # would be imported
        raise _no_sentences(folder, f"its part {foreign[0]} is code from elsewhere")
    if not any(folder.rglob("*.safetensors")):  # others are pickles
        raise _no_sentences(folder, "its weights are no safetensors")


def _no_sentences(folder: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        f"AUTOML_TEXT_MODEL is no folder of a sentence-transformers model: {reason} ('{folder}').",
        hint="Set it to a folder that SentenceTransformer.save_pretrained has written.",
    )


def _check_weights(path: Path) -> None:
    if not path.is_file():
        raise InvalidInput(
            f"AUTOML_IMAGE_WEIGHTS is no file: '{path}'.",
            hint="Set it to the weights of AUTOML_IMAGE_MODEL, as safetensors.",
        )
    if path.suffix not in _ENDINGS:
        raise InvalidInput(
            f"AUTOML_IMAGE_WEIGHTS ends in '{path.suffix}'.",
            hint=f"Weights are read from {', '.join(_ENDINGS)}.",
        )
