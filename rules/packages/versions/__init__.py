"""Which version of a language's tools an image has, and what that version can do."""
