"""The variables from which Rails takes its keys (Rails guides, "Securing Rails Applications")."""

from __future__ import annotations

from typing import Final

DUMMY_KEY: Final = "SECRET_KEY_BASE_DUMMY"
"""Since 7.1, `Rails::Application#secret_key_base`: whatever its value, a random key in `tmp/local_secret.txt`."""
KEYS: Final = (DUMMY_KEY, "SECRET_KEY_BASE", "RAILS_MASTER_KEY")
"""The variables with any of which Rails starts in production."""
