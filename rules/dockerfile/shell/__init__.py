"""Shell code, understood: commands, words, redirections, conditions, each with its place."""
