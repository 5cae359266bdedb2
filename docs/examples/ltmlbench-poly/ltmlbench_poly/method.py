"""The method `poly`."""

from __future__ import annotations

from pydantic import Field

from ltmlbench.plugin import Fit, Method, ModelStage, Task, load


class PolyMethod(Method):
    """One network, trained with the loss `poly`."""

    epsilon: float = Field(1.0, ge=-1, description="of the loss")
    sampler: str = Field("ib", description="any sampler")

    def plan(self, task: Task) -> ModelStage:
        """The stage whose output predicts the test rows."""
        return Fit(
            loss=load("loss", f"poly[epsilon={self.epsilon}]"),
            sampler=load("sampler", self.sampler),
            head=load("head", task.head),
        )
