"""Whom files belong to, and what gives them away."""
