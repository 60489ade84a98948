"""The JSON Schema of the messages of a run and of a recorded run, made from the typed records of records.py.

`python -m demo.run.schema` writes it to demo/web/schema.json, for readers that know no Python. Knows types, and of JSON
Schema (2020-12) the few words that they need.
"""

from __future__ import annotations

import json
import types
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import jsonschema

from demo.run.records import KINDS, Recorded

FILE = Path(__file__).resolve().parents[1] / "web" / "schema.json"
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}


def schema() -> dict[str, Any]:
    """What a message may be (any of `KINDS`); in `$defs` every record by name, and `Recorded`, the file of a run."""
    defs: dict[str, Any] = {}
    kinds = [_type(record, defs) for record in KINDS.values()]
    _type(Recorded, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A message of a run in Out of Static",
        "oneOf": kinds,
        "$defs": dict(sorted(defs.items())),
    }


def text() -> str:
    """The schema as it is written to a file."""
    return json.dumps(schema(), indent=1) + "\n"


def fault(told: Any) -> str | None:
    """Why a message, read from JSON, is none of schema 1, in a few words; None where it is one."""
    record = KINDS.get(str(told.get("kind"))) if isinstance(told, dict) else None
    return "its kind is unknown" if record is None else fault_of(record.__name__, told)


def fault_of(name: str, told: Any) -> str | None:
    """Why `told` is not the record of this name, None where it is one; what stands in it is not repeated."""
    for error in _validator(name).iter_errors(told):
        place = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in error.absolute_path).lstrip(".")
        return f"{place or 'it'} breaks the rule {error.validator!r}"
    return None


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    whole = schema()
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": whole["$defs"]})


def _type(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """A type as JSON Schema; records are put into `defs` and referred to."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        if kind.__name__ not in defs:
            defs[kind.__name__] = {}  # a record may hold itself
            defs[kind.__name__] = _record(kind, defs)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if origin is Annotated:
        rules = {word: value for rule in inner[1:] for word, value in rule._asdict().items() if value is not None}
        return _type(inner[0], defs) | rules
    if origin is NotRequired:
        return _type(inner[0], defs)
    if origin is Literal:
        return {"const": inner[0]} if len(inner) == 1 else {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_type(one, defs) for one in inner]}
    if origin is list:
        return {"type": "array", "items": _type(inner[0], defs)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(inner[1], defs)}
    if kind is Any:
        return {}
    return {"type": PLAIN[kind]}


def _record(kind: type, defs: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        "type": "object",
        "properties": {name: _type(hint, defs) for name, hint in hints.items()},
        "required": sorted(name for name, hint in hints.items() if get_origin(hint) is not NotRequired),
        "additionalProperties": False,
    }


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
