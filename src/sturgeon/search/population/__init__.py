"""Population-based training: who goes on from whom, with which configuration."""
