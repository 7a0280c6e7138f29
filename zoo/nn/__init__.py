"""What models are made of: layers, networks and losses."""
