"""Rules about accounts, ownership and permissions."""
