"""Rules about what COPY and ADD bring into the image, and what the context leaks."""
