"""GitLab, as far as the bot can tell."""
