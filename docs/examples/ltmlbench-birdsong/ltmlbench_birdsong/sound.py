"""Sound: read, made up, and seen as a picture."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from ltmlbench.plugin import DataError, Floats, Image

PITCHES = {
    "wren": 0.36,
    "robin": 0.3,
    "blackbird": 0.22,
    "cuckoo": 0.1,
    "bittern": 0.04,
    "kite": 0.16,
}
"""Species of the made-up songs, each with its pitch in cycles per sample."""


def read_wav(path: Path) -> Floats:
    """The first channel of a WAV file, in -1..1.

    Raises:
        DataError: it is damaged or not 16 bit; the recording is then left out and counted.
    """
    try:
        with wave.open(str(path)) as file:
            channels, width = file.getnchannels(), file.getsampwidth()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise DataError(f"{path.name}: {error}") from error
    if width != 2 or not raw:
        raise DataError(f"{path.name}: {8 * width} bit, {len(raw)} bytes; 16 bit are needed")
    return np.frombuffer(raw, "<i2")[::channels].astype(np.float64) / 2**15


def made_up(species: Floats, *, seed: int, length: int = 8192) -> Floats:
    """Noise with three chirps of every species that is heard."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 0.05, length)
    for pitch in np.array(list(PITCHES.values()))[np.flatnonzero(species)]:
        for start in rng.integers(0, length - 1024, 3):
            time = np.arange(1024)
            chirp = np.sin(2 * np.pi * pitch * time * (1 + time / 8192)) * np.hanning(1024)
            sound[start : start + 1024] += 0.3 * chirp
    return sound


def spectrogram(sound: Floats, size: int) -> Image:
    """The logarithm of the short-time Fourier spectrum as a grey picture, at least size × size."""
    window = 2 * max(size, 32)
    sound = np.pad(sound, (0, max(0, 2 * window - len(sound))))
    starts = np.linspace(0, len(sound) - window, max(size, 32)).astype(int)
    frames = np.stack([sound[start : start + window] for start in starts]) * np.hanning(window)
    power = np.log1p(100 * np.abs(np.fft.rfft(frames, axis=1)[:, :-1])).T[::-1]
    grey = (255 * power / max(power.max(), 1e-9)).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
