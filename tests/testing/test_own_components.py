"""Everything the bench brings does what its kind promises."""

import warnings

import pytest

from ltmlbench.hooks import KINDS
from ltmlbench.registry import load, registry
from ltmlbench.testing import NotApplicable, checks_of

GIVEN = {
    "backbone/timm": "timm[model=test_resnet,weights=random]",
    "sampler/cycle": "cycle[rows=30]",
    "tracker/mlflow": "mlflow[uri={folder}]",
}
"""Components that need options, and options for them."""


def _cases():
    for kind in KINDS:
        for entry in registry().entries(kind):
            if entry.own:
                name = GIVEN.get(f"{kind}/{entry.record.name}", entry.record.name)
                for check in checks_of(kind):
                    marks = pytest.mark.slow if check.slow else ()
                    yield pytest.param(kind, name, check, marks=marks, id=f"{name}: {check}")


@pytest.mark.parametrize(("kind", "name", "check"), list(_cases()))
def test_it_does_what_its_kind_promises(kind, name, check, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TensorBoard's and MLflow's own
        try:
            flaw = check.flaw(load(kind, name.format(folder=tmp_path)))
        except NotApplicable as cause:
            pytest.skip(str(cause))
    assert not flaw
