"""JSON: an array of objects, objects by id, columns, or a line each."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ltmlbench.errors import DataError
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed, spoken, text_of
from ltmlbench.tables.table import HowRead, Table
from ltmlbench.tables.words import listed, short


def read_json_lines(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """One JSON object per line; an array of objects is taken too."""
    text, encoding, guessed = text_of(packed, options.encoding)
    if text.lstrip().startswith("[") and _whole(text) is not None:
        return read_json(packed, options, texts)
    return _lines(packed, text, encoding, guessed)


def _whole(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _lines(packed: Packed, text: str, encoding: str, guessed: bool) -> Table:
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{packed.path}, line {number}"
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DataError(f"{where}: {error}") from None
        if not isinstance(value, dict):
            raise DataError(f"{where}: a JSON object is needed, not {type(value).__name__}")
        records.append(value)
    return _table(packed, records, "JSON lines", encoding, guessed)


def read_json(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """A JSON document that holds records: an array of objects, an object of objects or of lists
    of tags by id, or columns, as pandas writes them."""
    text, encoding, guessed = text_of(packed, options.encoding)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            return _lines(packed, text, encoding, guessed)
        raise DataError(f"is no JSON: {error}") from None
    notes: list[str] = []
    records = _records(value, notes)
    return _table(packed, records, "JSON", encoding, guessed, notes)


def _records(value: Any, notes: list[str]) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return _of_array(value, notes)
    if not isinstance(value, dict) or not value:
        raise DataError(f"an array or object is needed, not {short(value)}")
    if {"images", "annotations", "categories"} <= set(value):
        return _of_coco(value, notes)
    if {"columns", "data"} <= set(value) and all(isinstance(row, list) for row in value["data"]):
        return [dict(zip(map(str, value["columns"]), row, strict=True)) for row in value["data"]]
    held = list(value.values())
    if all(isinstance(v, dict) for v in held):
        return _of_objects(value, notes)
    arrays = [k for k, v in value.items() if _objects(v)]
    if len(arrays) == 1:
        notes.append(f"the records are the array at {arrays[0]!r}")
        return _of_array(value[arrays[0]], notes)
    if arrays:
        raise DataError(f"several arrays of objects ({listed(arrays)}): save one of them alone")
    if all(isinstance(v, list) for v in held):
        return _of_lists(value, notes)
    raise DataError(f"no records found: an array of objects is needed; keys: {listed(value)}")


def _of_objects(value: Mapping[str, Any], notes: list[str]) -> list[dict[str, Any]]:
    """Columns as pandas writes them, or a record by id."""
    held = list(value.values())
    rows = [str(i) for i in range(len(held[0]))]
    if all(set(v) == set(rows) for v in held):
        return [{name: column[row] for name, column in value.items()} for row in rows]
    notes.append(f"{len(held)} objects by key: a key is a sample, 'key' its name")
    return [{"key": key, **v} for key, v in value.items()]


def _of_array(rows: Sequence[Any], notes: list[str]) -> list[dict[str, Any]]:
    if not rows:
        raise DataError("the array is empty")
    if all(isinstance(row, dict) for row in rows):
        return list(rows)
    if all(isinstance(row, list) for row in rows):
        notes.append("an array of arrays: the column is called 'row'")
        return [{"row": row} for row in rows]
    odd = next(i for i, row in enumerate(rows) if not isinstance(row, dict))
    raise DataError(f"item {odd} of the array is {short(rows[odd])}: objects are needed")


def _of_coco(value: Mapping[str, Any], notes: list[str]) -> list[dict[str, Any]]:
    """An image is a sample, the categories of its annotations are its tags."""
    try:
        names = {category["id"]: str(category["name"]) for category in value["categories"]}
        tags: dict[Any, set[str]] = {image["id"]: set() for image in value["images"]}
        for annotation in value["annotations"]:
            tags[annotation["image_id"]].add(names[annotation["category_id"]])
    except (KeyError, TypeError) as error:
        raise DataError(f"COCO: no such id or key: {error}") from None
    notes.append("COCO: the tags of an image are the categories of its annotations")
    return [
        {
            **{key: image[key] for key in ("id", "file_name") if key in image},
            "tags": sorted(tags[image["id"]]),
        }
        for image in value["images"]
    ]


def _of_lists(value: Mapping[str, list[Any]], notes: list[str]) -> list[dict[str, Any]]:
    """Columns of equal length, or lists of tags by id."""
    items = [item for held in value.values() for item in held]
    equal = len({len(held) for held in value.values()}) == 1
    texts = all(isinstance(item, str) for item in items)
    if equal and not texts:
        numbers = all(isinstance(item, int | float) for item in items)
        if numbers and len(value) > 1 and len(items) > 0:
            raise DataError(
                "lists of numbers of one length: are the keys columns or samples? Save an array "
                "of objects instead"
            )
        keys = list(value)
        return [dict(zip(keys, row, strict=True)) for row in zip(*value.values(), strict=True)]
    notes.append("lists by key: a key is a sample, 'key' its name, 'tags' its list")
    return [{"key": key, "tags": held} for key, held in value.items()]


def _objects(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(v, dict) for v in value)


def _flat(record: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Fields of inner objects by their path, ``a.b``."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            flat.update(_flat(value, f"{name}."))
        else:
            flat[name] = None if isinstance(value, float) and math.isnan(value) else value
    return flat


def _table(
    packed: Packed,
    records: Sequence[Mapping[str, Any]],
    form: str,
    encoding: str,
    guessed: bool,
    notes: Sequence[str] = (),
) -> Table:
    import pandas as pd

    told = list(notes)
    if guessed:
        told.append(f"the encoding {encoding} is a guess; --encoding says otherwise")
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    columns = {
        name: pd.Series([record.get(name) for record in flat], dtype=object).infer_objects()
        for name in names
    }
    how = HowRead(form, encoding=spoken(encoding), notes=tuple(told))
    return Table(packed.path, how, pd.DataFrame(columns, index=range(len(flat))))
