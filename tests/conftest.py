"""Hypothesis' defaults for every test; deadlines are pytest-timeout's business."""

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
