"""Rules about the images that stages start from."""
