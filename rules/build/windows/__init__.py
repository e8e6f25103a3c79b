"""Images for Windows, and PowerShell in their RUNs."""
