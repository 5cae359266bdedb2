"""Packages to start a plugin from: one per kind of component, small and complete."""

from ltmlbench.scaffold.package import Package, create

__all__ = ["Package", "create"]
