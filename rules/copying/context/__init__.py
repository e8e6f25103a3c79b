"""The build context: what it holds, and what a step asks of it."""
