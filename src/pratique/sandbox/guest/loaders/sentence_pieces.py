"""A SentencePiece model, loaded and used on a few texts."""

from __future__ import annotations

import io
from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "sentencepiece"
PACKAGES = ("sentencepiece",)


def prepare() -> None:
    """Import SentencePiece."""
    import sentencepiece  # noqa: F401


def load(path: str, root: str) -> Any:
    """Return the processor."""
    del root
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_file=path)


def infer(model: Any, seed: int) -> bool:
    """Split texts into pieces and join them again."""
    for text in inputs.texts(seed):
        model.decode(model.encode(text))
    return True


def reference(folder: str) -> str:
    """Train a tiny vocabulary."""
    import sentencepiece

    made = io.BytesIO()
    words = (text for seed in range(7) for text in inputs.texts(seed) * 5)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=words,
        model_writer=made,
        vocab_size=200,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
    )
    with open(f"{folder}/reference.model", "wb") as file:
        file.write(made.getvalue())
    return "reference.model"
