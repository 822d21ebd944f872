"""How a column becomes inputs of the network: what its cells say, of which kind it is, and its scale."""
