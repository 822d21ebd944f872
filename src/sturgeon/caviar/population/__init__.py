"""Population-based training of functions: generations, and checkpoints that are copied."""
