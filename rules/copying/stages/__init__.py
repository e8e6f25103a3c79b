"""What one stage, or another image, has for another."""
