"""Whether a text says what its source says, checked by rules and numbers, without a language model."""
