"""Ten rows on photographs: one script per run beside one grid.

    python benchmarks/small_grid.py [--photographs 72]

Seven rows that differ in loss or sampling and three that distil three teachers, two folds, resnet18
at 96 pixels, three epochs, random weights, one thread, processor time. The scripts are what a
careful author writes in Pillow, torchvision, timm and torch: every epoch decodes the photographs,
every run trains the teachers it needs, every step asks them. All seven plain scripts have binary
cross-entropy: another loss costs the same within a percent. What a script needs to start (four
seconds each) is not counted.

Of sharing alone: what the twenty runs cost with all the stages each is made from, beside what the
grid cost, both as the store noted them.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import timm
import torch
from PIL import Image
from table import MEAN, STD, cropped, photographs, tune_malloc
from torchvision import transforms as T

from ltmlbench import run
from ltmlbench.benchmark import configure, make_benchmark
from ltmlbench.results.cost import with_inputs

SIDE, EPOCHS, BATCH, FOLDS = 96, 3, 8, 2
SHARES = (0.5, 0.4, 0.2, 0.2, 0.15, 0.1)
SUBSETS = ((0, 3), (1, 4), (2, 5))
KD = "pretrain=none,subsets=relational[n_subsets=3]"
PLAIN = ("ib", "cb", "focal", "db", "asl", "ral", "hill")
TAUGHT = (f"ours[{KD}]", f"ours+focal[{KD}]", f"ours[{KD},kd_weight=uniform]")

TRAINING = T.Compose([
    T.Resize((SIDE, SIDE)), T.RandomHorizontalFlip(), T.RandomAffine(15, (0.05, 0.05), (0.9, 1.1)),
    T.ColorJitter(0.1, 0.15, 0.15), T.ToTensor(), T.Normalize(MEAN, STD),
])  # fmt: skip
TESTING = T.Compose([T.Resize((SIDE, SIDE)), T.ToTensor(), T.Normalize(MEAN, STD)])


class Files(torch.utils.data.Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Photographs, read anew whenever they are asked for, with some columns of their labels."""

    def __init__(
        self,
        paths: Sequence[Path],
        labels: np.ndarray[tuple[int, int], np.dtype[np.float32]],
        transform: Callable[[Image.Image], torch.Tensor],
    ) -> None:
        self.paths, self.labels, self.transform = paths, labels, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        with Image.open(self.paths[index]) as file:
            picture = self.transform(cropped(file.convert("RGB")))
        return picture, torch.from_numpy(self.labels[index])


def trained(
    paths: Sequence[Path],
    labels: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    teachers: Sequence[tuple[torch.nn.Module, Sequence[int]]] = (),
) -> torch.nn.Module:
    """A network trained on the photographs; teachers are asked at every step."""
    network = timm.create_model("resnet18", num_classes=labels.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    loader = torch.utils.data.DataLoader(
        Files(paths, labels, TRAINING), BATCH, shuffle=True, drop_last=len(paths) >= BATCH
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, EPOCHS * len(loader))
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    network.train()
    for _ in range(EPOCHS):
        for images, targets in loader:
            logits = network(images)
            loss = bce(logits, targets)
            for teacher, columns in teachers:
                with torch.no_grad():
                    said = torch.sigmoid(teacher(images) / 2)
                loss = loss + bce(logits[:, list(columns)] / 2, said)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def script(
    paths: Sequence[Path],
    labels: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    fold: int,
    taught: bool,
) -> None:
    """One run: teachers if there are any, the network, and its scores of the other fold."""
    rows = np.arange(len(paths))
    train, test = rows[rows % FOLDS != fold], rows[rows % FOLDS == fold]
    teachers = []
    for columns in SUBSETS if taught else ():
        held = labels[train][:, list(columns)].any(axis=1)
        chosen = np.concatenate([train[held], train[~held][: held.sum()]])
        own = trained([paths[i] for i in chosen], labels[chosen][:, list(columns)])
        teachers.append((own, columns))
    network = trained([paths[i] for i in train], labels[train], teachers)
    scored = Files([paths[i] for i in test], labels[test], TESTING)
    with torch.no_grad():
        for images, _ in torch.utils.data.DataLoader(scored, 2 * BATCH):
            network(images)


def spent() -> float:
    """Processor seconds of this process and of those it started."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photographs", type=int, default=72, help="number of them")
    number = parser.parse_args().photographs
    torch.set_num_threads(1)
    tune_malloc()
    with tempfile.TemporaryDirectory(prefix="small-grid-") as text:
        folder = Path(text)
        paths = photographs(folder, number)
        labels = (np.random.default_rng(0).random((number, len(SHARES))) < SHARES).astype("float32")
        lines = [
            f"{p.name},{','.join(f'{v:.0f}' for v in y)}"
            for p, y in zip(paths, labels, strict=True)
        ]
        header = ",".join(["file", *"abcdef"])
        (folder / "labels.csv").write_text("\n".join([header, *lines]) + "\n")

        start = spent()
        for taught in [False] * len(PLAIN) + [True] * len(TAUGHT):
            for fold in range(FOLDS):
                script(paths, labels, fold, taught)
        scripts = spent() - start

        settings = {
            "dataset": "table[pictures=file]",
            "data_dir": folder / "labels.csv",
            "methods": [*PLAIN, *TAUGHT],
            "backbones": "resnet18[weights=random]",
            "image_size": SIDE,
            "epochs": EPOCHS,
            "batch_size": BATCH,
            "folds": FOLDS,
            "validation": 0,
            "floors": "none",
            "explanation": "none",
            "jobs": 1,
            "device": "cpu",
            "cache_dir": folder / "cache",
            "out": folder / "out",
        }
        start = spent()
        run(settings)
        grid = spent() - start

        benchmark = make_benchmark(*configure(settings), decode=False)
        seconds = {}
        for identity in benchmark.grid.nodes:
            artifact = benchmark.store.get(identity)
            assert artifact is not None, "the grid is done"
            seconds[identity] = artifact.seconds
        runs = benchmark.grid.runs
        alone = sum(
            seconds[identity]
            for made in runs
            for identity in with_inputs(made.identity, benchmark.grid)
        )
    shared = sum(seconds.values())
    print("| what | ordinary | ltmlbench | ratio | goal |\n|---|---|---|---|---|")
    print(
        f"| {len(runs)} runs, {number} photographs: one script per run beside one grid, s "
        f"| {scripts:.0f} | {grid:.0f} | **{scripts / grid:.1f}** | ≥ 5 |"
    )
    print(
        f"| of that, sharing alone: all stages of every run, s | {alone:.0f} | {shared:.0f} "
        f"| **{alone / shared:.2f}** | ≥ 2 |"
    )


if __name__ == "__main__":
    main()
