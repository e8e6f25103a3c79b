"""Downloads and archives, as a RUN fetches and unpacks them and an ADD could."""
