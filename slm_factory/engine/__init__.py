"""Engine: embedded llama.cpp."""
