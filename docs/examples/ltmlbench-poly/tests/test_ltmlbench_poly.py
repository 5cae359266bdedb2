"""Both components do what their kinds promise."""

from ltmlbench.testing import ComponentContract


class TestLoss(ComponentContract):
    component = "loss/poly[epsilon=2]"


class TestMethod(ComponentContract):
    component = "method/poly"
