"""Reads a dashboard with Grafana's own models, and fails on everything that they do not know.

The models of grafana-foundation-sdk are generated from the schemas in Grafana's repository. They skip
unknown fields. The dashboard is therefore read, written again and compared: a name that is misspelled or in
the wrong place is then missing. Types and values of enumerations are compared with the models' annotations.

    pip install 'grafana-foundation-sdk==1769699379!11.6.0'
    python monitoring/grafana/check_schema.py [FILE]

Without a file, it reads caracal.json; `-` is the standard input.
"""

import enum
import json
import pathlib
import sys
import types
import typing

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel


def lost(before, after, path="dashboard"):
    """The places whose value did not survive."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key in after:
                yield from lost(value, after[key], f"{path}.{key}")
            # Empty values may be left out.
            elif value not in (None, [], {}):
                yield f"{path}.{key}: no such field"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"


def allowed(annotation, value):
    """Whether a value fits the annotation of its field, as far as that can be told."""
    origin = typing.get_origin(annotation)
    if annotation is typing.Any or isinstance(annotation, typing.TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(allowed(option, value) for option in typing.get_args(annotation))
    if origin is typing.Literal:
        return value in typing.get_args(annotation)
    if origin is not None:
        return isinstance(value, origin)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return value in [member.value for member in annotation]
    if annotation is float:
        return isinstance(value, (int, float))
    return not isinstance(annotation, type) or isinstance(value, annotation)


def misfits(model, path="dashboard"):
    """The places whose value the models do not allow."""
    if isinstance(model, dict):
        for key, value in model.items():
            yield from misfits(value, f"{path}.{key}")
    elif isinstance(model, list):
        for index, value in enumerate(model):
            yield from misfits(value, f"{path}[{index}]")
    elif type(model).__module__.startswith("grafana_foundation_sdk"):
        for name, annotation in typing.get_type_hints(type(model)).items():
            value = getattr(model, name, None)
            if name == "options" and isinstance(model, Panel) and isinstance(value, dict):
                yield f"{path}: {model.type_val!r} is no kind of panel that Grafana brings along"
            if value is not None and not allowed(annotation, value):
                yield f"{path}.{name}: {value!r} is none of {annotation}"
            yield from misfits(value, f"{path}.{name}")


def main():
    register_default_plugins()
    name = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "caracal.json"
    text = sys.stdin.read() if name == "-" else pathlib.Path(name).read_text()
    before = json.loads(text)
    model = Dashboard.from_json(before)
    after = json.loads(JSONEncoder().encode(model))
    faults = [*lost(json.loads(text), after), *misfits(model)]
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
