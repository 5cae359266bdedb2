"""A checkpoint is taken up whole and unchanged, or not at all."""

import copy
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from ltmlbench.training.checkpoint import load_checkpoint, save_checkpoint

HISTORY = [{"epoch": 1, "train_loss": 0.5}]


def taught(seed=0):
    """A network and an optimizer after a step."""
    torch.manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, fused=True)
    network(torch.randn(8, 5)).square().sum().backward()
    optimizer.step()
    return network, optimizer


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "abcdef0123456789" / "scratch" / "checkpoint.safetensors"
    path.parent.mkdir(parents=True)
    save_checkpoint(path, *taught(), HISTORY)
    return path


def test_what_was_saved_is_what_goes_on(path):
    network, optimizer = taught()
    other, its_optimizer = taught(seed=1)
    assert load_checkpoint(path, other, its_optimizer) == HISTORY
    for name, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    for index, moments in optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            assert torch.equal(its_optimizer.state_dict()["state"][index][name], value)


def flip(path, at):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def rename_a_tensor(path):
    raw = path.read_bytes()
    assert raw.count(b'"network.0.bias"') == 1
    path.write_bytes(raw.replace(b'"network.0.bias"', b'"network.0.bios"'))


def put_folder(path):
    path.unlink()
    (path / "deep").mkdir(parents=True)


def without_digest(path):
    save_file(load_file(path), path, metadata={"history": "[]"})


def of_another_network(path):
    network = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.BatchNorm1d(3))
    save_checkpoint(path, network, torch.optim.AdamW(network.parameters()), HISTORY)


def header_length(path):
    return 8 + struct.unpack("<Q", path.read_bytes()[:8])[0]


DAMAGES = {
    "a bit of a weight": lambda path: flip(path, -1),
    "a bit of the first tensor": lambda path: flip(path, header_length(path) + 1),
    "a bit of the history": lambda path: flip(path, path.read_bytes().index(b"train_loss")),
    "a tensor's name": rename_a_tensor,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "empty": lambda path: path.write_bytes(b""),
    "no header": lambda path: path.write_bytes(b"x" * 100),
    "a folder": put_folder,
    "no digest": without_digest,
    "another network": of_another_network,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_removed_and_changes_nothing(path, damage, capsys):
    DAMAGES[damage](path)
    network, optimizer = taught(seed=1)
    before = copy.deepcopy(network.state_dict())
    assert load_checkpoint(path, network, optimizer) == []
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    error = capsys.readouterr().err
    assert "checkpoint of abcdef012345" in error
    assert "starts over" in error
    assert error.count("\n") == 1
    assert not path.exists()
    assert load_checkpoint(path, network, optimizer) == []
    assert capsys.readouterr().err == ""
