"""GitHub, through gidgethub: what a review reads there and what it writes."""
