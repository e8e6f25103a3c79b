"""The accounts of an image: their names, numbers, groups and rights."""
