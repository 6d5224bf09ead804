"""How `models/seed` was made. Not part of the pipeline: no stage and no module of the package imports it."""
