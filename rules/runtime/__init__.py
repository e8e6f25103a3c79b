"""Rules about how the container starts, stops and is watched."""
