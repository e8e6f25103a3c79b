"""The modes of files, and what they grant."""
