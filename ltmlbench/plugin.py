"""The one module a plugin imports: every public name of the bench, found when it is first used.

    from ltmlbench.plugin import Fit, Method, Record, hookimpl, load

Nothing heavy is imported for it: a plugin that only says what it brings costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ltmlbench.arrays import Floats as Floats
    from ltmlbench.arrays import Image as Image
    from ltmlbench.arrays import Logits as Logits
    from ltmlbench.arrays import Rows as Rows
    from ltmlbench.calibrate import Calibrate as Calibrate
    from ltmlbench.cells import as_cell as as_cell
    from ltmlbench.contracts import POINTING as POINTING
    from ltmlbench.contracts import Backbone as Backbone
    from ltmlbench.contracts import ByteBatch as ByteBatch
    from ltmlbench.contracts import Component as Component
    from ltmlbench.contracts import Dataset as Dataset
    from ltmlbench.contracts import Distillation as Distillation
    from ltmlbench.contracts import DistillFn as DistillFn
    from ltmlbench.contracts import Engine as Engine
    from ltmlbench.contracts import Explanation as Explanation
    from ltmlbench.contracts import Feed as Feed
    from ltmlbench.contracts import Head as Head
    from ltmlbench.contracts import Inputs as Inputs
    from ltmlbench.contracts import LabelMetric as LabelMetric
    from ltmlbench.contracts import Loss as Loss
    from ltmlbench.contracts import LossFn as LossFn
    from ltmlbench.contracts import Method as Method
    from ltmlbench.contracts import Metric as Metric
    from ltmlbench.contracts import Norm as Norm
    from ltmlbench.contracts import Opened as Opened
    from ltmlbench.contracts import Pretraining as Pretraining
    from ltmlbench.contracts import PublishedRow as PublishedRow
    from ltmlbench.contracts import Sampler as Sampler
    from ltmlbench.contracts import ScheduledLossFn as ScheduledLossFn
    from ltmlbench.contracts import SubsetGenerator as SubsetGenerator
    from ltmlbench.contracts import Tracker as Tracker
    from ltmlbench.data.checks import problems as problems
    from ltmlbench.data.files import refuse_unless_regular as refuse_unless_regular
    from ltmlbench.data.files import walk as walk
    from ltmlbench.data.folders import PictureFiles as PictureFiles
    from ltmlbench.data.folders import file_below as file_below
    from ltmlbench.data.folders import folder_below as folder_below
    from ltmlbench.data.folders import given_folder as given_folder
    from ltmlbench.data.folders import pictures_in as pictures_in
    from ltmlbench.data.folders import squeezed as squeezed
    from ltmlbench.data.folders import subfolders as subfolders
    from ltmlbench.data.samples import Covariate as Covariate
    from ltmlbench.data.samples import Protocol as Protocol
    from ltmlbench.data.samples import Samples as Samples
    from ltmlbench.data.sheets import Sheet as Sheet
    from ltmlbench.data.sheets import csv_rows as csv_rows
    from ltmlbench.data.sheets import read_sheet as read_sheet
    from ltmlbench.division import Division as Division
    from ltmlbench.division import meetings as meetings
    from ltmlbench.division import shares as shares
    from ltmlbench.division import unit_rows as unit_rows
    from ltmlbench.engines.execute import Tell as Tell
    from ltmlbench.engines.execute import execute as execute
    from ltmlbench.engines.schedule import WorkerLost as WorkerLost
    from ltmlbench.engines.schedule import schedule as schedule
    from ltmlbench.environment import need as need
    from ltmlbench.errors import DataError as DataError
    from ltmlbench.errors import Diverged as Diverged
    from ltmlbench.errors import RequestError as RequestError
    from ltmlbench.errors import did_you_mean as did_you_mean
    from ltmlbench.errors import printable as printable
    from ltmlbench.evaluation.ranking import average_precision as average_precision
    from ltmlbench.evaluation.ranking import cohen_kappa as cohen_kappa
    from ltmlbench.evaluation.ranking import f1 as f1
    from ltmlbench.evaluation.ranking import roc_auc as roc_auc
    from ltmlbench.evaluation.resampling import Resamples as Resamples
    from ltmlbench.feeds.batches import ahead as ahead
    from ltmlbench.feeds.batches import feed_threads as feed_threads
    from ltmlbench.feeds.draws import occurrences as occurrences
    from ltmlbench.feeds.draws import uniform as uniform
    from ltmlbench.feeds.pictures.decode import open_picture as open_picture
    from ltmlbench.feeds.pictures.decode import read_rgb as read_rgb
    from ltmlbench.feeds.pictures.decode import squared as squared
    from ltmlbench.feeds.pictures.decode import squared_mask as squared_mask
    from ltmlbench.feeds.pictures.digests import file_checks as file_checks
    from ltmlbench.feeds.pictures.feed import OpenedPictures as OpenedPictures
    from ltmlbench.feeds.pictures.listed import ListedPicture as ListedPicture
    from ltmlbench.feeds.pictures.listed import PictureReader as PictureReader
    from ltmlbench.feeds.pictures.listed import damage_notes as damage_notes
    from ltmlbench.feeds.pictures.listed import listed_samples as listed_samples
    from ltmlbench.feeds.pictures.views import Batch as Batch
    from ltmlbench.feeds.pictures.views import plain as plain
    from ltmlbench.feeds.ready import Ready as Ready
    from ltmlbench.fit import Fit as Fit
    from ltmlbench.fit import Predict as Predict
    from ltmlbench.frozen import FrozenTrunk as FrozenTrunk
    from ltmlbench.grid import Ended as Ended
    from ltmlbench.grid import Grid as Grid
    from ltmlbench.grid import Node as Node
    from ltmlbench.grid import Outcome as Outcome
    from ltmlbench.hooks import Command as Command
    from ltmlbench.hooks import Record as Record
    from ltmlbench.hooks import hookimpl as hookimpl
    from ltmlbench.inputs import truth_and_scores as truth_and_scores
    from ltmlbench.labels import LabelMatrix as LabelMatrix
    from ltmlbench.labels import Shot as Shot
    from ltmlbench.places import path_argument as path_argument
    from ltmlbench.registry import components as components
    from ltmlbench.registry import load as load
    from ltmlbench.seeding import derive_seed as derive_seed
    from ltmlbench.spec import parse_spec as parse_spec
    from ltmlbench.spec import split_outside_brackets as split_outside_brackets
    from ltmlbench.stages import ExamplesStage as ExamplesStage
    from ltmlbench.stages import LogitsStage as LogitsStage
    from ltmlbench.stages import ModelStage as ModelStage
    from ltmlbench.stages import Stage as Stage
    from ltmlbench.stages import TrunkStage as TrunkStage
    from ltmlbench.stages import Work as Work
    from ltmlbench.stages import read_examples as read_examples
    from ltmlbench.store import Store as Store
    from ltmlbench.store import cache_folder as cache_folder
    from ltmlbench.store import write_atomic as write_atomic
    from ltmlbench.store import write_json as write_json
    from ltmlbench.tables import FileOptions as FileOptions
    from ltmlbench.tables import Labelled as Labelled
    from ltmlbench.tables import LabelOptions as LabelOptions
    from ltmlbench.tables import Table as Table
    from ltmlbench.tables import add_reading_flags as add_reading_flags
    from ltmlbench.tables import read_labels as read_labels
    from ltmlbench.tables import read_table as read_table
    from ltmlbench.tables import reading_options as reading_options
    from ltmlbench.tables import take_labels as take_labels
    from ltmlbench.task import PARTS as PARTS
    from ltmlbench.task import Numerics as Numerics
    from ltmlbench.task import Schedule as Schedule
    from ltmlbench.task import Source as Source
    from ltmlbench.task import Task as Task
    from ltmlbench.tracking import json_line as json_line
    from ltmlbench.training.batch import check_batch as check_batch
    from ltmlbench.training.elementwise import Elementwise as Elementwise
    from ltmlbench.training.fold import Lesson as Lesson
    from ltmlbench.training.fold import epoch_batches as epoch_batches
    from ltmlbench.training.fold import epoch_order as epoch_order
    from ltmlbench.training.fold import initial_network as initial_network
    from ltmlbench.training.fold import initial_trunk as initial_trunk
    from ltmlbench.training.fold import lesson_of as lesson_of
    from ltmlbench.training.fold import network_logits as network_logits
    from ltmlbench.training.fold import read_model as read_model
    from ltmlbench.training.fold import trunk_state as trunk_state
    from ltmlbench.training.fold import validate as validate
    from ltmlbench.training.fold import write_history as write_history
    from ltmlbench.training.fold import write_model as write_model
    from ltmlbench.training.loop import train as train
    from ltmlbench.training.network import Network as Network
    from ltmlbench.training.network import Trunk as Trunk
    from ltmlbench.training.network import autocast as autocast
    from ltmlbench.training.network import place as place
    from ltmlbench.training.views import views as views

_PUBLIC = {
    "ltmlbench.arrays": "Floats Image Logits Rows",
    "ltmlbench.calibrate": "Calibrate",
    "ltmlbench.cells": "as_cell",
    "ltmlbench.contracts": (
        "Backbone ByteBatch Component Dataset DistillFn Distillation Engine Explanation Feed "
        "Head Inputs LabelMetric Loss LossFn Method Metric Norm Opened POINTING Pretraining "
        "PublishedRow Sampler ScheduledLossFn SubsetGenerator Tracker"
    ),
    "ltmlbench.data.checks": "problems",
    "ltmlbench.data.files": "refuse_unless_regular walk",
    "ltmlbench.data.folders": (
        "PictureFiles file_below folder_below given_folder pictures_in squeezed subfolders"
    ),
    "ltmlbench.data.samples": "Covariate Protocol Samples",
    "ltmlbench.data.sheets": "Sheet csv_rows read_sheet",
    "ltmlbench.division": "Division meetings shares unit_rows",
    "ltmlbench.engines.execute": "Tell execute",
    "ltmlbench.engines.schedule": "WorkerLost schedule",
    "ltmlbench.environment": "need",
    "ltmlbench.errors": "DataError Diverged RequestError did_you_mean printable",
    "ltmlbench.evaluation.ranking": "average_precision cohen_kappa f1 roc_auc",
    "ltmlbench.evaluation.resampling": "Resamples",
    "ltmlbench.feeds.batches": "ahead feed_threads",
    "ltmlbench.feeds.draws": "occurrences uniform",
    "ltmlbench.feeds.pictures.decode": "open_picture read_rgb squared squared_mask",
    "ltmlbench.feeds.pictures.digests": "file_checks",
    "ltmlbench.feeds.pictures.feed": "OpenedPictures",
    "ltmlbench.feeds.pictures.listed": "ListedPicture PictureReader damage_notes listed_samples",
    "ltmlbench.feeds.pictures.views": "Batch plain",
    "ltmlbench.feeds.ready": "Ready",
    "ltmlbench.fit": "Fit Predict",
    "ltmlbench.frozen": "FrozenTrunk",
    "ltmlbench.grid": "Ended Grid Node Outcome",
    "ltmlbench.hooks": "Command Record hookimpl",
    "ltmlbench.inputs": "truth_and_scores",
    "ltmlbench.labels": "LabelMatrix Shot",
    "ltmlbench.places": "path_argument",
    "ltmlbench.registry": "components load",
    "ltmlbench.seeding": "derive_seed",
    "ltmlbench.spec": "parse_spec split_outside_brackets",
    "ltmlbench.stages": (
        "ExamplesStage LogitsStage ModelStage Stage TrunkStage Work read_examples"
    ),
    "ltmlbench.store": "Store cache_folder write_atomic write_json",
    "ltmlbench.tables": (
        "FileOptions LabelOptions Labelled Table add_reading_flags read_labels read_table "
        "reading_options take_labels"
    ),
    "ltmlbench.task": "Numerics PARTS Schedule Source Task",
    "ltmlbench.tracking": "json_line",
    "ltmlbench.training.batch": "check_batch",
    "ltmlbench.training.elementwise": "Elementwise",
    "ltmlbench.training.fold": (
        "Lesson epoch_batches epoch_order initial_network initial_trunk lesson_of "
        "network_logits read_model trunk_state validate write_history write_model"
    ),
    "ltmlbench.training.loop": "train",
    "ltmlbench.training.network": "Network Trunk autocast place",
    "ltmlbench.training.views": "views",
}
"""Module -> its public names."""

_HOMES = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no public name {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
