"""Parquet and Arrow (Feather, Hugging Face ``save_to_disk``) files."""

from __future__ import annotations

import io
import json
from collections.abc import Collection
from typing import Any

from ltmlbench.tables.header import check_unique
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.source import Source
from ltmlbench.tables.table import HowRead, Table


def read_parquet(source: Source, options: FileOptions, texts: Collection[str]) -> Table:
    """A parquet file. Columns of bytes (pictures) are left unread, unless they are in ``texts``."""
    import pyarrow.parquet as pq

    opened = source.path if source.compression is None else io.BytesIO(source.content())
    with pq.ParquetFile(opened) as file:
        leaves = {".".join(c.path.split(".")): c.physical_type for c in _leaves(file)}
        bytes_ = {
            path.split(".")[0]
            for path, kind in leaves.items()
            if kind in ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
            and path not in texts
            and _is_bytes(file.schema_arrow, path.split("."))
        }
        wanted = [name for name in file.schema_arrow.names if name not in bytes_]
        table = file.read(columns=None if not bytes_ else wanted, use_pandas_metadata=False)
    return _from_arrow(source, table, "parquet", dict.fromkeys(bytes_, "bytes"))


def read_arrow(source: Source, options: FileOptions, texts: Collection[str]) -> Table:
    """An Arrow file or stream."""
    import pyarrow as pa

    content = pa.BufferReader(source.content())
    try:
        table = pa.ipc.open_file(content).read_all()
    except pa.ArrowInvalid:
        table = pa.ipc.open_stream(content).read_all()
    return _from_arrow(source, table, "Arrow", {})


def _leaves(file: Any) -> list[Any]:
    return [file.schema.column(i) for i in range(len(file.schema))]


def _is_bytes(schema: Any, path: list[str]) -> bool:
    import pyarrow as pa

    if schema.names.count(path[0]) != 1:
        return False
    kind = schema.field(path[0]).type
    for step in path[1:]:
        if pa.types.is_struct(kind) and kind.get_field_index(step) >= 0:
            kind = kind.field(step).type
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _from_arrow(source: Source, table: Any, form: str, unread: dict[str, str]) -> Table:
    import pyarrow as pa

    check_unique(table.schema.names)
    classes = _classes(table.schema.metadata or {})
    while any(pa.types.is_struct(column.type) for column in table.schema):
        table = table.flatten()  # a.b becomes a column
    names = [name.strip() for name in table.schema.names]
    index = [c for c, name in enumerate(names) if not name.startswith("__index_level_")]
    frame = table.select(index).replace_schema_metadata(None).to_pandas()
    frame.columns = [names[c] for c in index]
    return Table(source.path, HowRead(form), frame, classes=classes, unread=unread)


def _classes(metadata: dict[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """Names of integer classes that Hugging Face datasets keeps beside the schema."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    found = {}
    for name, feature in features.items():
        inner = feature[0] if isinstance(feature, list) and feature else feature
        inner = inner.get("feature", inner) if isinstance(inner, dict) else {}
        if isinstance(inner, dict) and isinstance(inner.get("names"), list):
            found[str(name)] = tuple(map(str, inner["names"]))
    return found
