"""The `slm-factory` command: one module per command; it drives DVC and reads its files."""
