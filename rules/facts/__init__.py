"""What is known about the world: base images, end-of-life dates, packages, tools. Unknown is always `None`."""
