"""Small networks of the real libraries, with weights by chance, and where these are installed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from automl_magics.contracts.networks import ImageNetwork, TextNetwork
from tests.networks.environment import extras_folder

ARCHITECTURE = "test_resnet"
WORDS = [
    "order",
    "parcel",
    "delay",
    "invoice",
    "refund",
    "window",
    "garden",
    "terrible",
    "broken",
    "lovely",
    "great",
    "thanks",
]


@pytest.fixture(scope="session")
def extras() -> Iterator[Path]:
    """Have the extras installed, for this process and for those that it starts."""
    folder = extras_folder()
    path = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}".rstrip(os.pathsep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(folder)])
        patch.setenv("PYTHONPATH", path)
        yield folder


@pytest.fixture(scope="session")
def text_network(extras: Path, tmp_path_factory: pytest.TempPathFactory) -> TextNetwork:
    """A BERT of two small layers with a tokenizer that knows `WORDS`."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    draft = tmp_path_factory.mktemp("bert")
    folder = draft / "tiny-sentences"
    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator(WORDS, vocab_size=300, min_frequency=1)
    tokenizer.save(str(draft / "tokenizer.json"))
    fast = BertTokenizerFast(tokenizer_file=str(draft / "tokenizer.json"))
    fast.save_pretrained(draft)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    further = {"intermediate_size": 64, "max_position_embeddings": 64}
    BertModel(BertConfig(vocab_size=fast.vocab_size, **sizes, **further)).save_pretrained(draft)
    layers = Transformer(str(draft))
    whole = SentenceTransformer(modules=[layers, Pooling(32)], device="cpu")
    whole.save_pretrained(str(folder), create_model_card=False)
    return TextNetwork(folder=folder)


@pytest.fixture(scope="session")
def image_network(extras: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageNetwork:
    """A small ResNet with its classifier, as a state dict of PyTorch's."""
    import timm
    import torch

    torch.manual_seed(0)
    weights = tmp_path_factory.mktemp("weights") / "tiny.pt"
    torch.save(timm.create_model(ARCHITECTURE, pretrained=False).state_dict(), weights)
    return ImageNetwork(architecture=ARCHITECTURE, weights=weights)
