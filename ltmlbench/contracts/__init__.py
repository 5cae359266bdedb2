"""The contracts that components fulfil: one module per kind.

A component is a frozen pydantic model: its fields are its options; validation, help texts and its
part of an identity come from them. The module that defines it imports torch only inside the
functions that need it, so that `ltmlbench info NAME` stays instant.
"""

from ltmlbench.contracts.backbone import Backbone
from ltmlbench.contracts.component import Component
from ltmlbench.contracts.dataset import Dataset, PublishedRow
from ltmlbench.contracts.distillation import Distillation, DistillFn
from ltmlbench.contracts.engine import Engine
from ltmlbench.contracts.explanation import POINTING, Explanation
from ltmlbench.contracts.feed import ByteBatch, Feed, Inputs, Norm, Opened
from ltmlbench.contracts.head import Head
from ltmlbench.contracts.loss import Loss, LossFn, ScheduledLossFn
from ltmlbench.contracts.method import Method
from ltmlbench.contracts.metric import LabelMetric, Metric
from ltmlbench.contracts.pretraining import Pretraining
from ltmlbench.contracts.sampler import Sampler
from ltmlbench.contracts.subsets import SubsetGenerator
from ltmlbench.contracts.tracker import Tracker

__all__ = [
    "POINTING",
    "Backbone",
    "ByteBatch",
    "Component",
    "Dataset",
    "DistillFn",
    "Distillation",
    "Engine",
    "Explanation",
    "Feed",
    "Head",
    "Inputs",
    "LabelMetric",
    "Loss",
    "LossFn",
    "Method",
    "Metric",
    "Norm",
    "Opened",
    "Pretraining",
    "PublishedRow",
    "Sampler",
    "ScheduledLossFn",
    "SubsetGenerator",
    "Tracker",
]
