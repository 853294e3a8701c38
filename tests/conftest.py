"""Hypothesis' defaults for every test; deadlines are pytest-timeout's business.

No test sees this machine's own advisory database: a test that needs one makes it.
"""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

from harness.fuzzing import examples

settings.register_profile(
    "pratique",
    deadline=None,
    max_examples=examples(100),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("pratique")

os.environ["PRATIQUE_DB"] = str(Path(tempfile.gettempdir()) / "pratique-tests-have-no-database")
