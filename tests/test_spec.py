import pytest

from ltmlbench.errors import RequestError
from ltmlbench.spec import parse_spec, split_outside_brackets


@pytest.mark.parametrize(
    ("text", "name", "options", "distribution"),
    [
        ("focal", "focal", {}, ""),
        (" db[mu=0.2, focal=false] ", "db", {"mu": "0.2", "focal": "false"}, ""),
        ("ltmlbench-asl:asl", "asl", {}, "ltmlbench-asl"),
        ("ours+focal", "ours+focal", {}, ""),
        ("a[b=shot[many=3,few=1],k=2]", "a", {"b": "shot[many=3,few=1]", "k": "2"}, ""),
        ("resnet50.a1_in1k", "resnet50.a1_in1k", {}, ""),
        ("bare[]", "bare", {}, ""),
    ],
)  # fmt: skip
def test_names_options_and_distributions_are_read(text, name, options, distribution):
    spec = parse_spec(text)
    assert (spec.name, dict(spec.options), spec.distribution) == (name, options, distribution)


@pytest.mark.parametrize("text", ["db[mu=0.2,focal=false]", "dist:a[b=c[d=1]]", "plain"])
def test_a_spec_prints_as_it_was_typed(text):
    assert str(parse_spec(text)) == text


@pytest.mark.parametrize("text", ["", "db[mu]", "db[mu=1", "db]", "a b", "db[mu=1,mu=2]", "[x=1]"])
def test_what_cannot_be_read_is_refused_in_one_line(text):
    with pytest.raises(RequestError) as caught:
        parse_spec(text)
    assert "\n" not in str(caught.value)


def test_commas_inside_brackets_do_not_separate():
    assert split_outside_brackets("a[x=1,y=b[z=2,w=3]],c , d") == ["a[x=1,y=b[z=2,w=3]]", "c", "d"]
    with pytest.raises(RequestError, match="brackets"):
        split_outside_brackets("a[x=1,b")
