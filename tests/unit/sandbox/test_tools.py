"""What readers and measures use works inside the jail as it does outside."""

import hashlib
import tempfile

from pratique.sandbox.workers import Zygote

BODY = bytes(range(256)) * 4096 + b"harmless-canary-7f3a" + bytes(12)


def test_tools_work_in_a_locked_worker() -> None:
    with (
        Zygote.start("harness.programs.tools") as zygote,
        zygote.worker() as worker,
        tempfile.TemporaryFile() as file,
    ):
        file.write(BODY)
        file.flush()
        request = {"size": len(BODY)}
        answers = [f for _ in range(2) for f in worker.ask(request, [file.fileno()], 60)]
    assert answers[-1] == {
        "sha256": hashlib.sha256(BODY).hexdigest(),
        "yara": ["canary"],
        "patterns": len(BODY) // 2,
        "matrix": 300.0,
        "zlib": True,
        "bz2": True,
        "lzma": True,
        "re": 1,
        "ast": "Import",
        "yaml": {"a": [1, 2]},
        "toml": {"a": 1},
        "json": {"a": 1.5},
        "text": "a\ufffd",
    }
