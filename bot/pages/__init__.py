"""The bot's web pages: the status and the manual of the rules, rendered on the server, without a script."""
