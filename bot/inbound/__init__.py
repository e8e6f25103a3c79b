"""Webhook requests become deliveries; nothing else in the bot sees a payload."""
