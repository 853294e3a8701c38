"""A detonation in the report for machines, with the shape that is published of it."""

from typing import Any

from pratique.core.trace import Condition, Decoy, Detonation, Ending, Event, Outcome, Run

_TEXT = {"type": "string"}
_TRUTH = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0}


def detonation_value(seen: Detonation) -> dict[str, Any]:
    """Return a detonation as JSON values; what was planted is named, its text is left out."""
    return {
        "tier": seen.tier,
        "recorder": seen.recorder,
        "held": list(seen.held),
        "missing": [{"mechanism": name, "why": why} for name, why in seen.missing],
        "size": seen.size,
        "covered": seen.covered,
        "decoys": [_decoy(decoy) for decoy in seen.decoys],
        "unloaded": [{"path": path, "why": why} for path, why in seen.unloaded],
        "untried": [{"condition": name, "why": why} for name, why in seen.untried],
        "runs": [_run(run) for run in seen.runs],
    }


def _decoy(decoy: Decoy) -> dict[str, Any]:
    return {"kind": decoy.kind, "name": decoy.name}


def _run(run: Run) -> dict[str, Any]:
    return {
        "loader": run.loader,
        "version": run.version,
        "target": run.target,
        "condition": _condition(run.condition),
        "ending": run.ending.value,
        "says": run.says,
        "seconds": run.seconds,
        "inferred": run.inferred,
        "baseline": run.baseline,
        "normal": run.normal,
        "cut": run.cut,
        "events": [_event(event) for event in run.events],
    }


def _condition(at: Condition) -> dict[str, Any]:
    return {
        "name": at.name,
        "clock_s": at.clock_s,
        "user": at.user,
        "host": at.host,
        "locale": at.locale,
        "inputs": at.inputs,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "at_ms": event.at_ms,
        "call": event.call,
        "process": event.process,
        "phase": event.phase,
        "detail": dict(event.detail),
        "outcome": event.outcome.value,
        "stack": list(event.stack),
        "source": event.source,
        "count": event.count,
    }


def detonation_schema() -> dict[str, Any]:
    """Return the JSON schema of `detonation_value`, or null where nothing was run."""
    told = _object(
        {
            "tier": {**_TEXT, "description": "jail, gvisor, microvm-tcg (emulated) or microvm-kvm"},
            "recorder": _TEXT,
            "held": _list(_TEXT),
            "missing": _list(_object({"mechanism": _TEXT, "why": _TEXT})),
            "size": _COUNT,
            "covered": {**_COUNT, "description": "bytes of files that a loader took in"},
            "decoys": _list(_object({"kind": _TEXT, "name": _TEXT})),
            "unloaded": {
                **_list(_object({"path": _TEXT, "why": _TEXT})),
                "description": "files that should have been loaded and were not",
            },
            "untried": _list(_object({"condition": _TEXT, "why": _TEXT})),
            "runs": _list(_run_schema()),
        }
    )
    return {"anyOf": [{"type": "null"}, told], "description": "null where nothing was run"}


def _run_schema() -> dict[str, Any]:
    condition = {
        "name": _TEXT,
        "clock_s": {"type": "integer", "description": "seconds from now"},
        "user": _TEXT,
        "host": _TEXT,
        "locale": _TEXT,
        "inputs": _COUNT,
    }
    return _object(
        {
            "loader": _TEXT,
            "version": _TEXT,
            "target": {**_TEXT, "description": "relative to the model; . is all of it"},
            "condition": _object(condition),
            "ending": {"enum": [ending.value for ending in Ending]},
            "says": _TEXT,
            "seconds": {"type": "number", "minimum": 0},
            "inferred": {**_TRUTH, "description": "a first inference ran"},
            "baseline": {**_TEXT, "description": "what told usual events from others"},
            "normal": {**_COUNT, "description": "events that the baseline explains"},
            "cut": {**_TRUTH, "description": "events were lost to a bound"},
            "events": _list(_event_schema()),
        }
    )


def _event_schema() -> dict[str, Any]:
    return _object(
        {
            "at_ms": _COUNT,
            "call": _TEXT,
            "process": {**_COUNT, "description": "numbered as they appear"},
            "phase": {**_TEXT, "description": "as the guest tells it"},
            "detail": {"type": "object", "additionalProperties": _TEXT},
            "outcome": {"enum": [outcome.value for outcome in Outcome]},
            "stack": _list(_TEXT),
            "source": {**_TEXT, "description": "kernel, sink, or python: the guest's own word"},
            "count": _COUNT,
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
