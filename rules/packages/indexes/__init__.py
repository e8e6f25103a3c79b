"""Where packages come from, and how they are known to be whose they should be."""
