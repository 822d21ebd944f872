"""The batch-norm network on a table, trained in lanes: by the compiled library, or by programs of JAX."""
