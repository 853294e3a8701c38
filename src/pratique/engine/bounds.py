"""How much one worker may say: known to the parent, which reads no format, and to the worker."""

from pratique.core.limits import MiB

FINDINGS_PER_RULE, FINDINGS_JUDGED = 500, 100_000
REPOSITORY_FINDINGS = 20_000
FACT_DEPTH, FACT_VALUES, FACT_BYTES = 48, 1_000_000, 12 * MiB
INVENTORY = "inventory"
"""The fact of a whole repository that names its components (core/inventory_json.py)."""
