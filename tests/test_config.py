import os
import re
from pathlib import Path

import pytest
import yaml

from ltmlbench.config import BenchmarkConfig, dump_config, make_config, read_config
from ltmlbench.errors import RequestError
from ltmlbench.plain_yaml import parse_yaml


def test_later_layers_win():
    config = make_config({"epochs": 3, "lr": 0.1}, {"epochs": "5"})
    assert (config.epochs, config.lr) == (5, 0.1)


def test_text_of_the_command_line_becomes_values():
    config = make_config({"methods": "ib,db[mu=0.2,focal=false]", "seeds": "1,2", "floors": "none"})
    assert config.methods == ("ib", "db[mu=0.2,focal=false]")
    assert config.seeds == (1, 2)
    assert config.floors == ()
    assert make_config({"folds": "5"}).folds == 5
    assert make_config({"folds": "official"}).folds == "official"


def test_a_method_named_twice_is_one_row():
    assert make_config({"methods": "ib,db,ib"}).methods == ("ib", "db")


def test_one_option_of_a_group_can_be_set():
    config = make_config({"augment": {"flip": False}}, {"augment.rotate": 30})
    assert config.augment == {"flip": False, "rotate": 30}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"epochs": 0}, "greater than or equal to 1"),
        ({"epochs": "many"}, "epochs=many"),
        ({"folds": 1}, "at least 2 folds"),
        ({"methods": ""}, "methods"),
        ({"methods": "a[b"}, "brackets"),
    ],
)
def test_wrong_settings_are_explained_in_one_line(settings, message):
    with pytest.raises(RequestError) as caught:
        make_config(settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_written_configuration_gives_the_same_one_again(tmp_path):
    config = make_config(
        {"methods": "ib,db[mu=0.2]", "data_dir": "some/where", "augment": {"flip": 0}}
    )
    path = tmp_path / "config.yaml"
    path.write_text(dump_config(config))
    assert make_config(read_config(path)) == config
    assert set(yaml.safe_load(path.read_text())) == set(BenchmarkConfig.model_fields)


@pytest.mark.parametrize("content", ["- a\n- b\n", "a: [1\n", "\x00"])
def test_files_that_hold_no_settings_are_refused(tmp_path, content):
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(RequestError, match=r"config\.yaml"):
        read_config(path)
    with pytest.raises(RequestError, match=r"nowhere\.yaml"):
        read_config(tmp_path / "nowhere.yaml")


def test_jobs_are_a_number_or_auto():
    assert make_config({"jobs": "auto"}).jobs == "auto"
    assert make_config({"jobs": "3"}).jobs == 3
    for wrong in (0, "many"):
        with pytest.raises(RequestError, match="jobs"):
            make_config({"jobs": wrong})


def test_a_file_that_is_no_configuration_is_refused_before_it_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long.yaml").write_text("a: 1\n" * 200_000)
    for file, words in (("pipe", "a named pipe"), ("long.yaml", "more than any configuration")):
        with pytest.raises(RequestError, match=words):
            read_config(tmp_path / file)
    with pytest.raises(RequestError, match="a device"):
        read_config(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("epochs: 1:30", "epochs=1:30"),
        ("epochs: yes", "epochs=yes"),
        ("epochs: 0x10", "epochs=0x10"),
        ("epochs: true", "fit no setting"),
        ("lr: true", "fit no setting"),
        ("seeds: [true]", "fit no setting"),
        ("epochs: 99999999999999999999", "less than or equal to 100000"),
        ("batch_size: 99999999999999999999", "less than or equal to 1000000"),
        ("methods: ib,,focal", "a name is missing"),
    ],
)
def test_no_value_is_taken_for_another(line, message, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(line)
    with pytest.raises(RequestError, match=re.escape(message)):
        make_config(read_config(path))


@pytest.mark.parametrize("name", ["010", "08", "1:30", "yes", "2026-11-25", "1e3", "0x10", "1_0"])
def test_folders_that_look_like_numbers_keep_their_name(name, tmp_path):
    path = tmp_path / "config.yaml"
    for text in (f"out: {name}\n", dump_config(make_config({"out": name}))):
        path.write_text(text)
        assert make_config(read_config(path)).out == Path(name)


def test_numbers_are_decimal():
    assert make_config(parse_yaml("{epochs: 010, lr: 1e-3, warmup: .25, seeds: [+3]}")) == (
        make_config({"epochs": 10, "lr": 0.001, "warmup": 0.25, "seeds": [3]})
    )


def test_trials_are_told_of_rows_that_are_asked_for():
    given = {"methods": "ib,focal[gamma=1]", "trials": {"focal[gamma=1]": "6"}}
    assert make_config(given).trials == {"focal[gamma=1]": 6}
    assert make_config({"methods": "ib", "trials.ib": 3}).trials == {"ib": 3}
    with pytest.raises(RequestError, match=r"setting trials.*'db' is none of the methods"):
        make_config({"methods": "ib", "trials.db": 3})
