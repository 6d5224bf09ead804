"""The dashboard: what the pipeline does, has made and has cost, live in a terminal."""
