"""Lock files: who writes them, who reads them, and where they fit."""
