"""Tests of slm_factory/serve."""
