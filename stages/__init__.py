"""One standalone script per DVC stage, run as `python -m stages.<name>`. Stages never import stages."""
