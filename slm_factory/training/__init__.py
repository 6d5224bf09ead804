"""LoRA training of the student: rows, batches, loss, checkpoints, the adapter."""
