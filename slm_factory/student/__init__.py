"""The student: loading, chat form, generation, adapters, GGUF."""
