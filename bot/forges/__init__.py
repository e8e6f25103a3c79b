"""The forges: one door each, the same methods in the same order."""
