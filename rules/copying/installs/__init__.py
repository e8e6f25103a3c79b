"""Installs of a project's dependencies beside its sources: what each reads, and what brings that."""
