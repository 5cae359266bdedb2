"""The one training loop, its arithmetic and its checkpoints."""
