"""Personal data and secrets in text: found, and masked."""

from slm_factory.parsers.redact.finding import Finding
from slm_factory.parsers.redact.masking import find, mask

__all__ = ["Finding", "find", "mask"]
