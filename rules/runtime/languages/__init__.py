"""What a program of Node.js, Python, PHP or Ruby finds and does in its image."""
