"""`birdsong` does what a data set promises, and reads a folder of recordings."""

import csv
import wave

import numpy as np
import pytest
from ltmlbench_birdsong.sound import made_up, spectrogram

from ltmlbench.plugin import DataError, load
from ltmlbench.testing import ComponentContract


class TestContract(ComponentContract):
    component = "dataset/birdsong"


@pytest.fixture
def folder(tmp_path):
    """Four recordings of two recordists."""
    rows = [("a.wav", "ada", "wren;robin"), ("b.wav", "ada", "wren"), ("c.wav", "bo", "robin")]
    rows.append(("d.wav", "bo", ""))
    with open(tmp_path / "annotations.csv", "w", newline="") as file:
        csv.writer(file).writerows([("file", "recordist", "species"), *rows])
    for number, (name, _, species) in enumerate(rows):
        heard = np.array(["wren" in species, "robin" in species])
        sound = (2**14 * np.clip(made_up(heard, seed=number), -1, 1)).astype("<i2")
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(sound.tobytes())
    return tmp_path


def test_a_folder_gives_its_recordings_with_species_and_recordists(folder):
    samples = load("dataset", "birdsong").load(folder)
    assert samples.labels.names == ("robin", "wren")
    assert samples.labels.dense.tolist() == [[1, 1], [0, 1], [1, 0], [0, 0]]
    assert samples.groups == ("ada", "ada", "bo", "bo")
    assert min(samples.read(0, 48).shape[:2]) >= 48


def test_a_tone_is_bright_at_its_pitch():
    tone = np.sin(2 * np.pi * 0.25 * np.arange(8192))  # half of the highest pitch there is
    picture = spectrogram(tone, 64)[:, :, 0]
    assert abs(int(picture.mean(axis=1).argmax()) - len(picture) // 2) <= 1


def test_what_is_missing_is_named(folder):
    (folder / "b.wav").unlink()
    with pytest.raises(DataError, match=r"1 recordings are missing, such as b\.wav"):
        load("dataset", "birdsong").load(folder)


def test_a_damaged_recording_is_damaged_data_and_no_defect(folder):
    (folder / "c.wav").write_bytes(b"RIFF")
    samples = load("dataset", "birdsong").load(folder)
    with pytest.raises(DataError, match=r"c\.wav"):
        samples.read(2, 48)
