"""Understand a Dockerfile as Docker does: text, instructions, shell, stages and the images they ship."""
