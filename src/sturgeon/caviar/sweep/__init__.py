"""Any command line as a training, described in a YAML file."""
