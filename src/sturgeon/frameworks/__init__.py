"""Adapters, a package for each framework; each needs its framework only when it is imported."""
