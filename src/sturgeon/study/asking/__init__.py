"""Handing out trials: what waits first, then what the search suggests."""
