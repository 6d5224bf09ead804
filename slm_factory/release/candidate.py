"""What the pipeline has just made, as its metrics tell it: a version that waits for its registration."""

from pathlib import Path
from typing import Any

from slm_factory.core import files
from slm_factory.metrics.slices import GateSettings
from slm_factory.release.artefacts import GGUF, digest
from slm_factory.release.registry import Registry, Version
from slm_factory.student.modelfile import named_gguf

GATE, PARSE, CONVERT, EVALUATE = (
    Path(f"metrics/{name}.json") for name in ("gate", "parse", "convert", "evaluate")
)


def candidate(gate: GateSettings, known: Registry) -> Version:
    """The version that the pipeline has just made, named by the time, after all that are `known`."""
    judged, measured = files.read_json(GATE), files.read_json(EVALUATE)
    is_passed = judged["verdict"] == "pass"
    return Version(
        name=known.next_name,
        verdict=judged["verdict"],
        fell={rule["name"]: rule["explanation"] for rule in judged["rules"] if not rule["is_met"]},
        champion=gate.champion,
        documents=files.read_json(PARSE)["documents"],
        train_lines=files.read_json(CONVERT)["train"],
        headline=mean(measured, gate.headline_slice, gate.headline_metric),
        refusal=mean(measured, "abstain", "refusal"),
        general=mean(measured, "general", "answer_loss"),
        gguf=digest(named_gguf(GGUF)) if is_passed else "",
    )


def mean(measured: dict[str, Any], slice_name: str, metric: str) -> float | None:
    """The tuned student's mean in metrics/evaluate.json, None where it was not measured."""
    value = measured.get(slice_name, {}).get("tuned", {}).get(metric, {}).get("mean")
    return None if value is None else float(value)


def told(version: Version) -> str:
    """A version in one line."""
    headline = "not measured" if version.headline is None else f"{version.headline:.3f}"
    against = version.champion or "the base"
    fell = f", {len(version.fell)} of the gate's rules not met" if version.fell else ""
    return (
        f"{version.documents} documents, {version.train_lines} training lines, headline {headline} "
        f"against {against}: {version.verdict}{fell}"
    )


def reasons(version: Version) -> str:
    """Every rule that a refused version did not meet, with value and limit, a line each."""
    return "".join(f"\n  {name}: {explanation}" for name, explanation in version.fell.items())
