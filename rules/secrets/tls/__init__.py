"""The check of certificates, and what switches it off."""
