"""How `models/seed` was made. Not part of the pipeline: nothing under `stages/` or `slm_factory/` imports it."""
