"""Losses as formulas: B×C float32 logits z and targets y in {0, 1} -> B×C losses.

Each reads as in its paper; p = σ(z) throughout. They change nothing they are given.
"""
