"""The versions that a file, or what it reads, names for the packages it installs."""
