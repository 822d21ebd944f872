"""Thin adapters, one file for each framework; each needs the framework only when it is imported."""
