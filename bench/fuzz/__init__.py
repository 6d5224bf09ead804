"""Mutated documents, and what every parser makes of them."""
