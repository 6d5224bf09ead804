"""The embedded teacher: rules over Markdown structure, deterministic, without a model, Korean and English."""
