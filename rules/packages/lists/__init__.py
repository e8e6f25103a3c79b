"""The lists and indexes by which apt and apk know their packages: who fetches them, who needs them."""
