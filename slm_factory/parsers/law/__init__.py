"""Records of the national law API: statutes, rulings, interpretations."""

from slm_factory.parsers.law.record import is_record, parse, read_record

__all__ = ["is_record", "parse", "read_record"]
