"""What a network's files are, and how many threads it runs with."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from automl_magics.contracts.networks import NetworkKind, UsedNetwork


def used_network(kind: NetworkKind, name: str, files: Sequence[Path]) -> UsedNetwork:
    """Return which network some files hold; `OSError` where they cannot be read."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    size = sum(path.stat().st_size for path in files)
    return UsedNetwork(kind=kind, name=name, sha256=digest.hexdigest(), size_bytes=size)


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Let PyTorch use so many threads in a block; as it likes for None."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
