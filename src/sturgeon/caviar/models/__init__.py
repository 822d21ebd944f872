"""Your own model in lanes: pure functions, grouped by what must be compiled anew."""
