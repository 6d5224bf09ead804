"""JSON and times as Ollama's server, which is written in Go, puts them on the wire."""

import json
from datetime import UTC, datetime
from typing import Any

ESCAPED = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})
NANOSECONDS = 1_000_000_000


def encode(value: Any) -> bytes:
    """JSON without blanks; characters that mean something in HTML are escaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(ESCAPED).encode()


def timestamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC, now without a moment; zeros at the end of the fraction are cut."""
    moment = moment or datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z"


def nanoseconds(seconds: float) -> int:
    """Seconds as the whole number of nanoseconds that durations are given in."""
    return round(seconds * NANOSECONDS)
