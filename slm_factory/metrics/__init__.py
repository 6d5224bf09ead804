"""Metrics of answers, and the statistics that compare them."""
