"""What each package manager's command line means: one module per family, read by `rules.dockerfile.package_calls`."""
