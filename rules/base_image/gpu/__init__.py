"""Images of CUDA, and what a build for GPUs asks of them."""
