"""`tf.saved_model.load`: a graph whose operators may read and write files."""

from __future__ import annotations

from typing import Any

from pratique.sandbox.guest.loaders import inputs

NAME = "tensorflow"
PACKAGES = ("tensorflow", "numpy")


def prepare() -> None:
    """Import TensorFlow."""
    import tensorflow as tf  # noqa: F401


def load(path: str, root: str) -> Any:
    """Return the restored object."""
    del root
    import tensorflow as tf

    return tf.saved_model.load(path)


def infer(model: Any, seed: int) -> bool:
    """Call every signature on inputs of the shapes that it declares."""
    import tensorflow as tf

    ran = False
    for signature in getattr(model, "signatures", {}).values():
        given = {}
        for name, spec in signature.structured_input_signature[1].items():
            shape = tuple(side or 1 for side in spec.shape)
            if spec.dtype == tf.string:
                given[name] = tf.fill(shape, inputs.texts(seed)[0])
            else:
                given[name] = tf.cast(inputs.values(shape, seed), spec.dtype)
        signature(**given)
        ran = True
    return ran


def reference(folder: str) -> str:
    """Make a module with one function."""
    import tensorflow as tf

    class Doubler(tf.Module):  # type: ignore[misc, unused-ignore]
        """Doubles."""

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])  # type: ignore[untyped-decorator, unused-ignore]
        def __call__(self, given: Any) -> Any:
            """Double."""
            return given * 2

    doubler = Doubler()
    tf.saved_model.save(doubler, f"{folder}/reference", signatures=doubler.__call__)
    return "reference"
