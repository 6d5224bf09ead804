"""Tests of slm_factory/engine."""
