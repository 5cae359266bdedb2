"""Parquet and Arrow (Feather, Hugging Face ``save_to_disk``) files."""

from __future__ import annotations

import io
import json
from collections.abc import Collection
from typing import Any

from ltmlbench.tables.header import check_unique
from ltmlbench.tables.options import FileOptions
from ltmlbench.tables.packed import Packed
from ltmlbench.tables.table import HowRead, Table


def read_parquet(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """A parquet file. Columns of bytes (pictures) are left unread, unless they are in ``texts``."""
    import pyarrow.parquet as pq

    opened = packed.path if packed.compression is None else io.BytesIO(packed.content())
    with pq.ParquetFile(opened) as file:
        schema = file.schema_arrow
        check_unique(schema.names)
        wanted = [f.name for f in schema if f.name.lower() in texts or not _holds_bytes(f.type)]
        table = file.read(columns=wanted)
    unread = {name: "bytes" for name in schema.names if name not in wanted}
    return _from_arrow(packed, table, "parquet", unread)


def read_arrow(packed: Packed, options: FileOptions, texts: Collection[str]) -> Table:
    """An Arrow file or stream."""
    import pyarrow as pa

    content = pa.BufferReader(packed.content())
    try:
        table = pa.ipc.open_file(content).read_all()
    except pa.ArrowInvalid:
        table = pa.ipc.open_stream(content).read_all()
    return _from_arrow(packed, table, "Arrow", {})


def _holds_bytes(kind: Any) -> bool:
    """Bytes, or a struct with a field of them, as Hugging Face keeps pictures."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(_holds_bytes(field.type) for field in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _from_arrow(packed: Packed, table: Any, form: str, unread: dict[str, str]) -> Table:
    import pyarrow as pa

    check_unique(table.schema.names)
    classes = _classes(table.schema.metadata or {})
    while any(pa.types.is_struct(column.type) for column in table.schema):
        table = table.flatten()  # a.b becomes a column
    names = [name.strip() for name in table.schema.names]
    index = [c for c, name in enumerate(names) if not name.startswith("__index_level_")]
    frame = table.select(index).replace_schema_metadata(None).to_pandas()
    frame.columns = [names[c] for c in index]
    return Table(packed.path, HowRead(form), frame, classes=classes, unread=unread)


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
