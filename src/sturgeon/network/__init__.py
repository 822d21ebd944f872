"""The batch-norm network of the notes, its optimisers and schedules, in JAX."""
