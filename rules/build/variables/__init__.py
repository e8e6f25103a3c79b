"""Variables of a build: who sets them, who reads them, and who finds them empty."""
