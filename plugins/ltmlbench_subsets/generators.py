"""The subset generators as components of the bench."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, model_validator

from ltmlbench.plugin import DataError, Floats, LabelMatrix, RequestError, SubsetGenerator

if TYPE_CHECKING:
    from ltmlbench_subsets.estimator import RelationalSubsets

Members = tuple[tuple[int, ...], ...]


_COUNTED: dict[tuple[SubsetGenerator, bytes, int], int] = {}
"""A grid asks once per method, backbone and look, always with the same labels of a fold; the search
takes a second where an exact answer is out of reach."""


def _digest(labels: LabelMatrix) -> bytes:
    """Of content, to find the labels of a fold again."""
    content = hashlib.sha256(repr((labels.n_samples, labels.names)).encode())
    content.update(labels.sparse.indptr.tobytes())
    content.update(labels.sparse.indices.tobytes())
    return content.digest()


class _Searched(SubsetGenerator):
    """Subsets by the objective of `ltmlbench_subsets.objective`."""

    n_subsets: int | None = Field(
        None, ge=1, description="how many; as few as leave a fifth of R_co and R_im"
    )
    min_labels: int = Field(1, ge=1, description="fewest labels per subset")
    max_labels: int | None = Field(None, ge=1, description="most labels per subset")
    min_samples: int = Field(1, ge=0, description="leave out labels with fewer positives")
    max_cooccurrence: float = Field(1.0, ge=0, description="leave out labels that meet more")

    def count(self, labels: LabelMatrix, *, seed: int = 0) -> int:
        key = (self, _digest(labels), seed)
        if key not in _COUNTED:
            _COUNTED[key] = self._estimator(seed).count(labels)
        return _COUNTED[key]

    def _search(self, labels: LabelMatrix, features: Any, seed: int, **weights: float) -> Members:
        members: Members = (
            self._estimator(seed, **weights).fit(labels, prototypes=features).subsets_
        )
        return members

    def _estimator(self, seed: int, **weights: float) -> RelationalSubsets:
        from ltmlbench_subsets.estimator import RelationalSubsets

        return RelationalSubsets(
            n_subsets=self.n_subsets,
            min_labels=self.min_labels,
            max_labels=self.max_labels,
            min_samples=self.min_samples,
            max_cooccurrence=self.max_cooccurrence,
            random_state=seed,
            **weights,
        )


class Relational(_Searched):
    """Labels that rarely meet, are as frequent as one another and have similar prototypes."""

    cooccurrence: float = Field(1.0, ge=0, description="weight against labels that meet")
    imbalance: float = Field(1.0, ge=0, description="weight against unlike frequencies")
    semantics: float = Field(1.0, ge=0, description="weight for similar prototypes")

    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> Members:
        return self._search(
            labels,
            prototypes,
            seed,
            cooccurrence=self.cooccurrence,
            imbalance=self.imbalance,
            semantics=self.semantics,
        )


class Cooccurrence(_Searched):
    """Labels that rarely meet, whatever their frequencies and prototypes."""

    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> Members:
        return self._search(labels, None, seed, cooccurrence=1.0, imbalance=0.0, semantics=0.0)


class Semantic(_Searched):
    """Without prototypes the label names are compared: TF-IDF of their character 2- to 4-grams."""

    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> Members:
        features = name_features(labels.names) if prototypes is None else prototypes
        return self._search(labels, features, seed, cooccurrence=0.0, imbalance=0.0, semantics=1.0)


class RandomSubsets(SubsetGenerator):
    """Subsets of equal size (± 1) of all labels that occur."""

    n_subsets: int | None = Field(None, ge=1, description="how many; as many as `relational` makes")

    def count(self, labels: LabelMatrix, *, seed: int = 0) -> int:
        from ltmlbench_subsets.estimator import RelationalSubsets

        return RelationalSubsets(self.n_subsets, random_state=seed).count(labels)

    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> Members:
        from ltmlbench_subsets.search import deal

        present = _present(labels)
        k = self.count(labels, seed=seed)
        dealt = deal(len(present), k, np.random.default_rng(seed))
        return _ordered([present[dealt == block].tolist() for block in range(k)])


class ByShot(SubsetGenerator):
    """Head, medium and tail labels. A set of one label joins its neighbour. The thresholds divide
    ODIR-5K's eyes as 1000 and 250 positives do (ours)."""

    head: float = Field(0.15, gt=0, description="from this count (below 1: share) a head label")
    tail: float = Field(0.037, gt=0, description="below this count (below 1: share) a tail label")

    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> Members:
        if self.tail > self.head:
            raise RequestError(f"tail={self.tail}: has to be at most head={self.head}")
        shots = labels.shots(self.head, self.tail)
        present = _present(labels).tolist()
        blocks = [[c for c in present if shots[c] == shot] for shot in ("head", "medium", "tail")]
        blocks = [block for block in blocks if block]
        while len(blocks) > 1 and any(len(block) == 1 for block in blocks):
            k = next(k for k, block in enumerate(blocks) if len(block) == 1)
            near = k - 1 if k else 1
            blocks[near] = sorted(blocks[near] + blocks[k])
            del blocks[k]
        return _ordered(blocks)


_EITHER = 'prior: give either map={"disc": ["G"], ...} or file=map.json'


class Prior(SubsetGenerator):
    """Subsets somebody knows: regions, features, a taxonomy. Labels not named are left out."""

    map: dict[str, tuple[str, ...]] = Field({}, description="subset name -> label names")
    file: Path | None = Field(None, description="the same as a JSON file", exclude=True)

    def __hash__(self) -> int:
        """``map`` is a dict, which has none."""
        return hash(frozenset(self.map.items()))

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        """Puts what ``file`` holds into ``map``: identities are of the content, not of the path."""
        if not isinstance(given, dict) or not given.get("file"):
            return given
        if given.get("map"):
            raise ValueError(_EITHER)
        file = Path(given["file"]).expanduser()
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if any(not isinstance(names, list) for names in dict(found).values()):
                raise TypeError("not every subset is a list")
            subsets = {str(k): tuple(map(str, v)) for k, v in found.items()}
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{error}; a JSON object of subset name -> list of labels is needed"
            ) from None
        return {**given, "map": subsets}

    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> Members:
        if not self.map:
            raise RequestError(_EITHER)
        index = {name: c for c, name in enumerate(labels.names)}
        blocks: list[list[int]] = []
        owner: dict[str, str] = {}
        for subset, names in self.map.items():
            for name in names:
                if name not in index:
                    import difflib

                    close = difflib.get_close_matches(name, index, n=1)
                    hint = f", did you mean {close[0]!r}?" if close else ""
                    raise DataError(f"prior subset {subset!r}: there is no label {name!r}{hint}")
                if name in owner:
                    raise DataError(
                        f"prior subset {subset!r}: label {name!r} is in {owner[name]!r} already"
                    )
                owner[name] = subset
            blocks.append([index[name] for name in names])
        return _ordered([block for block in blocks if block])


class Communities(SubsetGenerator):
    """Communities of the co-occurrence graph, weighted by n_ab / sqrt(n_a n_b): the opposite wish
    to `cooccurrence`. Leiden of igraph (extra ``communities``). Labels alone in a community are
    put together into one subset."""

    resolution: float = Field(1.0, gt=0, description="larger finds more, smaller communities")

    def generate(
        self, labels: LabelMatrix, *, prototypes: Floats | None = None, seed: int = 0
    ) -> Members:
        try:
            import igraph
        except ImportError:
            raise RequestError(
                'communities needs igraph: pip install "ltmlbench[communities]"'
            ) from None
        import random

        pairs = labels.pairs().tocoo()
        upper = pairs.row < pairs.col
        a, b, n = pairs.row[upper], pairs.col[upper], pairs.data[upper]
        weight = n / np.sqrt(labels.counts[a].astype(np.float64) * labels.counts[b])
        graph = igraph.Graph(n=labels.n_labels, edges=np.column_stack([a, b]))
        igraph.set_random_number_generator(random.Random(seed))
        try:
            found = graph.community_leiden(
                objective_function="modularity",
                weights=weight,
                resolution=self.resolution,
                n_iterations=-1 if labels.n_labels <= 10_000 else 2,
            )
        finally:
            igraph.set_random_number_generator(random)
        present = set(_present(labels).tolist())
        blocks = [[c for c in block if c in present] for block in found]
        alone = sorted(block[0] for block in blocks if len(block) == 1)
        return _ordered([b for b in blocks if len(b) > 1] + ([alone] if alone else []))


def name_features(names: tuple[str, ...]) -> Floats:
    """C×D: TF-IDF of the 512 most frequent character 2- to 4-grams of label names."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=512)
    features: Floats = vectorizer.fit_transform(names).toarray()
    return features


def _present(labels: LabelMatrix) -> np.ndarray[Any, np.dtype[np.int64]]:
    present = np.flatnonzero(labels.counts > 0).astype(np.int64)
    if len(present) < 2:
        raise DataError(f"subsets need at least 2 labels that occur; {len(present)} do")
    return present


def _ordered(blocks: list[list[int]]) -> Members:
    return tuple(sorted(tuple(sorted(block)) for block in blocks))
