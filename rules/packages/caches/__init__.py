"""What package managers and compilers keep of what they fetch, and which layer holds it."""
