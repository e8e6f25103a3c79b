"""The bot: deliveries in, reviews out."""
