"""Samples, pixels, splits, augmentation."""
