"""What docs/schema says of our JSON, as tests ask it: no less and no more."""

import json
import sys
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schema"
SUFFIX = ".schema.json"

try:
    import jsonschema
except ImportError:
    print("skipped: there is no python3-jsonschema")
    sys.exit(77)


def close(node):
    """The same schema, without room for members that it does not name."""
    if isinstance(node, list):
        return [close(n) for n in node]
    if not isinstance(node, dict):
        return node
    closed = {k: close(v) for k, v in node.items()}
    if node.get("type") == "object" and "properties" in node:
        closed.setdefault("additionalProperties", False)
    return closed


def refer(node, home):
    """The same schema of |home|, for a place among all in one document."""
    if isinstance(node, list):
        return [refer(n, home) for n in node]
    if not isinstance(node, dict):
        return node
    moved = {k: refer(v, home) for k, v in node.items()
             if k not in ("$id", "$schema")}
    if isinstance(node.get("$ref"), str):
        file, _, place = node["$ref"].partition("#")
        moved["$ref"] = f"#/$defs/{file.removesuffix(SUFFIX) or home}{place}"
    return moved


def checker(name):
    """What tells whether a document is what |name|.schema.json says."""
    schemas = {}
    for path in SCHEMAS.glob("*" + SUFFIX):
        schema = json.loads(path.read_bytes())
        jsonschema.Draft202012Validator.check_schema(schema)
        home = path.name.removesuffix(SUFFIX)
        schemas[home] = refer(close(schema), home)
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/$defs/{name}", "$defs": schemas})
