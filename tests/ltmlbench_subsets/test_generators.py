"""The generators of the bench, named and used as a method would."""

import json

import numpy as np
import pytest

import ltmlbench
from ltmlbench import LabelMatrix, load
from ltmlbench.division import Division
from ltmlbench.identity import canonical
from ltmlbench_subsets import RelationalSubsets

COUNTS = {"N": 1500, "D": 1100, "G": 300, "C": 280, "A": 260, "M": 255, "H": 100}


@pytest.fixture(scope="module")
def labels():
    """Labels with ODIR's frequencies; H comes with D, A now and then with M."""
    generator = np.random.default_rng(0)
    Y = np.zeros((3000, len(COUNTS)), dtype=np.uint8)
    for c, n in enumerate(COUNTS.values()):
        Y[generator.permutation(3000)[:n], c] = 1
    Y[:, 6] = 0
    Y[np.flatnonzero(Y[:, 1])[:100], 6] = 1
    return LabelMatrix(Y, list(COUNTS))


def generate(text, labels, **given):
    members = ltmlbench.load("subsets", text).generate(labels, **given)
    return [set(names) for names in Division(labels, members).names]


@pytest.mark.parametrize(
    "text",
    ["relational", "cooccurrence", "semantic", "random", "shot", "communities"],
)
def test_every_generator_gives_disjoint_sets_as_many_as_it_says_and_repeats_itself(text, labels):
    sets = generate(text, labels, seed=4)
    assert generate(text, labels, seed=4) == sets
    assert len(sets) == ltmlbench.load("subsets", text).count(labels, seed=4)
    assert sum(map(len, sets)) == len(set().union(*sets))


def test_relational_is_the_estimator(labels):
    prototypes = np.random.default_rng(1).normal(size=(7, 4))
    text = "relational[n_subsets=3,cooccurrence=2,imbalance=0.5]"
    members = ltmlbench.load("subsets", text).generate(labels, prototypes=prototypes)
    fitted = RelationalSubsets(3, cooccurrence=2, imbalance=0.5).fit(labels, prototypes=prototypes)
    assert members == fitted.subsets_


@pytest.mark.parametrize(
    "text", ["relational", "cooccurrence", "random", "relational[n_subsets=4]"]
)
def test_the_number_of_subsets_comes_from_the_labels_alone(text, labels):
    prototypes = np.random.default_rng(1).normal(size=(7, 4))
    generator = ltmlbench.load("subsets", text)
    number = generator.count(labels)
    assert number == (4 if "4" in text else RelationalSubsets().count(labels))
    assert len(generator.generate(labels, prototypes=prototypes)) == number


def test_cooccurrence_parts_labels_that_meet(labels):
    assert not any({"D", "H"} <= block for block in generate("cooccurrence", labels))


def test_communities_join_labels_that_meet():
    rows = [["cat", "dog"]] * 20 + [["car", "bus"]] * 20 + [["cat", "bus"], ["tree"]]
    sets = generate("communities", LabelMatrix.from_tags([*rows, ["stone"]]))
    assert {frozenset(block) for block in sets} == {
        frozenset({"cat", "dog"}),
        frozenset({"car", "bus"}),
        frozenset({"tree", "stone"}),
    }


def test_semantic_joins_similar_names_and_with_prototypes_similar_prototypes():
    names = ["red wine", "white wine", "steel pipe", "copper pipe"]
    labels = LabelMatrix(np.eye(4, dtype=int), names)
    by_name = generate("semantic[n_subsets=2]", labels)
    assert {"red wine", "white wine"} in by_name
    crossed = np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1]])
    by_prototype = generate("semantic[n_subsets=2]", labels, prototypes=crossed)
    assert {"red wine", "steel pipe"} in by_prototype


def test_shot_divides_by_frequency_and_a_set_of_one_joins_its_neighbour(labels):
    assert generate("shot[head=1000,tail=250]", labels) == [{"N", "D"}, {"G", "C", "A", "M", "H"}]
    assert generate("shot[head=1000,tail=281]", labels) == [{"N", "D", "G"}, {"C", "A", "M", "H"}]
    with pytest.raises(ValueError, match="has to be at most head"):
        generate("shot[head=10,tail=20]", labels)


def test_prior_takes_a_map_and_leaves_the_other_labels_out(labels, tmp_path):
    file = tmp_path / "regions.json"
    file.write_text(json.dumps({"vessels": ["D", "H"], "macula": ["A", "M"]}))
    assert generate(f"prior[file={file}]", labels) == [{"D", "H"}, {"A", "M"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": ["D", "Gx"]}', "there is no label 'Gx', did you mean 'G'?"),
        ('{"a": ["D", "H"], "b": ["H"]}', "label 'H' is in 'a' already"),
        ("{", "a JSON object of subset name -> list of labels is needed"),
        ("[1]", "a JSON object of subset name -> list of labels is needed"),
        ('{"a": "DH"}', "a JSON object of subset name -> list of labels is needed"),
    ],
)
def test_a_prior_that_does_not_fit_is_one_clear_error(labels, tmp_path, content, message):
    file = tmp_path / "map.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=r".") as caught:
        generate(f"prior[file={file}]", labels)
    assert message in str(caught.value)


def test_the_identity_of_a_prior_is_of_the_content_of_its_file(tmp_path):
    files = [tmp_path / name for name in ("a.json", "copy.json", "other.json")]
    for file, labels in zip(files, ("DH", "DH", "DG"), strict=True):
        file.write_text(json.dumps({"vessels": list(labels)}))
    a, copy, other = (canonical(load("subsets", f"prior[file={file}]")) for file in files)
    assert a == copy
    assert a["options"]["map"] == {"vessels": ["D", "H"]}
    assert other != a
    files[0].write_text("{}")
    assert canonical(load("subsets", f"prior[file={files[1]}]")) == a


def test_random_depends_on_the_seed_alone(labels):
    dealt = {str(generate("random[n_subsets=3]", labels, seed=s)) for s in range(8)}
    assert len(dealt) > 1
    sizes = sorted(map(len, generate("random[n_subsets=3]", labels, seed=1)))
    assert sizes == [2, 2, 3]


def test_a_given_division_can_be_hashed_as_stages_that_hold_it_are():
    from ltmlbench_subsets.generators import Prior

    first, again = (Prior(map={"left": ("a", "b"), "right": ("c",)}) for _ in range(2))
    assert hash(first) == hash(again)
    assert len({first, again, Prior(map={"left": ("a",)})}) == 2
