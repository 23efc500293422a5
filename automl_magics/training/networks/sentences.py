"""A sentence-transformers model that turns texts into vectors of length 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput, first_line
from automl_magics.contracts.networks import TextNetwork, UsedNetwork
from automl_magics.training.networks.checks import MODULES, check_library
from automl_magics.training.networks.files import torch_threads, used_network

if TYPE_CHECKING:
    from automl_magics.training.budget import Slot

Singles = NDArray[np.float32]

BATCH = 32
_AT_ONCE = 256
"""Between these many texts the clock is looked at."""
_MOST_TOKENS = 512


class OutOfTime(Exception):
    """The time was over before all was described."""


@dataclass(frozen=True)
class Sentences:
    """The network in a folder, which is read when it is first needed.

    Nothing is fetched, no code from the folder is run, and weights are read from safetensors only.
    """

    folder: Path

    @classmethod
    def of(cls, network: TextNetwork | None) -> "Sentences | None":
        """Return the network that is set, if one is."""
        return None if network is None else cls(network.folder)

    @classmethod
    def of_model(cls, folder: Path) -> "Sentences":
        """Return a saved model's network; `InvalidInput` where nothing is installed to run it."""
        check_library("text", "The model embeds texts")
        return cls(folder)

    @property
    def most_tokens(self) -> int:
        """How many tokens of a text it can look at."""
        return self._read[1]

    def embed(
        self,
        texts: Sequence[str],
        tokens: int,
        *,
        threads: int | None = None,
        slot: "Slot | None" = None,
    ) -> Singles:
        """Return the vectors of texts (texts, width), of each of which so many tokens are read.

        Raises `OutOfTime` when the slot is over before.
        """
        network, most = self._read
        network.max_seq_length = min(tokens, most)
        distinct = sorted(set(texts), key=lambda text: (-len(text), text))
        parts: list[Singles] = []
        with torch_threads(threads):
            for begin in range(0, len(distinct), _AT_ONCE):
                if slot is not None and slot.over:
                    raise OutOfTime
                found = network.encode(
                    distinct[begin : begin + _AT_ONCE],
                    batch_size=BATCH,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
                parts.append(np.nan_to_num(np.asarray(found, dtype=np.float32)))
        places = {text: place for place, text in enumerate(distinct)}
        vectors: Singles = np.concatenate(parts)
        return vectors[[places[text] for text in texts]]

    def save(self, folder: Path) -> None:
        """Write what it takes to read the network again, and no more."""
        self._read[0].save_pretrained(str(folder), create_model_card=False)

    @property
    def used(self) -> UsedNetwork:
        """Which network this is, by its files."""
        files = sorted(
            path for path in self.folder.rglob("*") if path.suffix in (".json", ".safetensors")
        )
        return used_network("text", self.folder.name, files)

    @cached_property
    def _read(self) -> tuple[Any, int]:
        """The network, and how many tokens it can look at."""
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            network = SentenceTransformer(
                str(self.folder),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            ).float()
            most = network.max_seq_length or _MOST_TOKENS
        except Exception as error:
            raise InvalidInput(
                f"The text model in '{self.folder}' cannot be read: {first_line(error)}.",
                hint=f"Its folder needs all that {MODULES} names.",
            ) from error
        return network.eval(), int(most)
