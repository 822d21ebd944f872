"""The network's training as C, compiled with the package: one core, one network, no padding."""
