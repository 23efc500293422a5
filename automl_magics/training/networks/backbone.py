"""A network of timm's that turns pictures into vectors: its last layer's means, unclassified."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput, did_you_mean, first_line
from automl_magics.contracts.networks import ImageNetwork, UsedNetwork
from automl_magics.training.networks.checks import WEIGHTS, check_library
from automl_magics.training.networks.files import torch_threads, used_network

Singles = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_ARCHITECTURE = "architecture.json"
_CLASSIFIER = ("classifier", "fc", "head", "last_linear")
"""What timm's architectures call the layer that is left out here."""


@dataclass(frozen=True)
class Backbone:
    """An architecture and the file of its weights, which is read when it is first needed.

    Weights are numbers only: safetensors, or PyTorch's format with nothing else in it.
    """

    architecture: str
    weights: Path

    @classmethod
    def of(cls, network: ImageNetwork | None) -> "Backbone | None":
        """Return the network that is set, if one is."""
        return None if network is None else cls(network.architecture, network.weights)

    @classmethod
    def of_model(cls, folder: Path) -> "Backbone":
        """Return a saved model's network; `InvalidInput` where nothing is installed to run it."""
        check_library("image", "The model describes pictures by a network")
        told = json.loads((folder / _ARCHITECTURE).read_text("utf-8"))
        return cls(told["architecture"], folder / WEIGHTS)

    @property
    def side(self) -> int:
        """Pixels along the side of the pictures that it looks at."""
        return int(self._configuration["input_size"][-1])

    def describe(self, pictures: Sequence[Pixels], *, threads: int | None = None) -> Singles:
        """Return the vectors (pictures, width) of pictures (side, side, 3); all are one batch."""
        import torch

        mean = np.array(self._configuration["mean"], np.float32)
        spread = np.array(self._configuration["std"], np.float32)
        scaled = (np.stack(pictures).astype(np.float32) / np.float32(255) - mean) / spread
        batch = torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))
        with torch_threads(threads):
            found = self._network(batch)
        vectors: Singles = np.nan_to_num(found.reshape(len(pictures), -1).numpy())
        return vectors

    def save(self, folder: Path) -> None:
        """Write the architecture's name and the weights, without those that classify."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True)
        told = json.dumps({"architecture": self.architecture})
        (folder / _ARCHITECTURE).write_text(told, "utf-8")
        tensors = {name: of.contiguous() for name, of in self._network.state_dict().items()}
        save_file(tensors, folder / WEIGHTS)

    @property
    def used(self) -> UsedNetwork:
        """Which network this is, by its file."""
        return used_network("image", self.architecture, [self.weights])

    @cached_property
    def _configuration(self) -> dict[str, Any]:
        from timm.data import resolve_model_data_config

        found: dict[str, Any] = resolve_model_data_config(self._network)
        return found

    @cached_property
    def _network(self) -> Any:
        import timm

        if not timm.is_model(self.architecture):
            raise InvalidInput(
                f"timm has no architecture '{self.architecture}'.",
                hint=did_you_mean(self.architecture, timm.list_models()),
            )
        network = timm.create_model(self.architecture, pretrained=False, num_classes=0)
        found = _tensors(self.weights)
        try:
            lacking, further = network.load_state_dict(found, strict=False)
        except RuntimeError as error:  # of another shape
            raise self._unfitting(first_line(error)) from None
        further = [name for name in further if not set(name.split(".")) & set(_CLASSIFIER)]
        if lacking or further:
            first = f"lacks {lacking[0]}" if lacking else f"has {further[0]} too"
            raise self._unfitting(f"the file {first}")
        return network.eval()

    def _unfitting(self, reason: str) -> InvalidInput:
        return InvalidInput(
            f"The weights in '{self.weights}' are not those of {self.architecture}: {reason}.",
            hint="Set AUTOML_IMAGE_MODEL and AUTOML_IMAGE_WEIGHTS to what belongs together.",
        )


def _tensors(path: Path) -> dict[str, Any]:
    """Return a file's tensors by name; `InvalidInput` where it holds anything else."""
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            found: dict[str, Any] = load_file(path)
            return found
        found = torch.load(path, map_location="cpu", weights_only=True)
        found = found.get("state_dict", found)
        return {name: of for name, of in found.items() if isinstance(of, torch.Tensor)}
    except Exception as error:
        raise InvalidInput(
            f"The weights in '{path}' cannot be read: {first_line(error)}.",
            hint="Give them as safetensors, or as a state dict that torch.save has written.",
        ) from error
