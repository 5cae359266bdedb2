"""Small made-up chest X-ray data sets in their official layouts."""

import numpy as np
from PIL import Image

SIDE = 40


def picture(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE)).astype(np.uint8)
    Image.fromarray(pixels).save(path)


def sheet(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
