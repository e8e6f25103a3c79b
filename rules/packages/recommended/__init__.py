"""Packages that apt installs because others recommend them."""
