"""Your own model in fused lanes: pure functions, grouped by what must be compiled anew."""
