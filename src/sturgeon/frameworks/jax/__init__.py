"""Models of JAX's libraries in lanes: Flax NNX and Equinox."""
