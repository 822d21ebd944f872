"""What the record teaches: a Gaussian process over the unit cube, and where to look next by it."""
