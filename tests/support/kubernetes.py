"""Kubernetes' files, read strictly and held against its API.

Fields and types are those of the npm package kubernetes-models, which is made
of Kubernetes' own description of its API: its code knows types and what is
required, its declarations which fields there are."""

import json
import re
import subprocess
from pathlib import Path

import npm
import yaml

MODELS = ("kubernetes-models", "4.5.1")
JUDGE = """
const { createRequire } = require("module");
const there = createRequire(process.argv[1] + "/");
for (const object of JSON.parse(require("fs").readFileSync(0))) {
  const { apiVersion, kind } = object;
  const models = there(`kubernetes-models/${apiVersion}/${kind}`);
  new models[kind](object).validate();
}
"""


class Strict(yaml.SafeLoader):
    """No key twice."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError(f"a key twice at {node.start_mark}")
        return super().construct_mapping(node, deep)


def read(path):
    """The objects in a file."""
    with open(path, encoding="ascii") as file:
        return list(yaml.load_all(file, Strict))


def complaints(objects):
    """What the API does not take of them, a text; None: nobody can tell."""
    folder = npm.install(*MODELS)
    if folder is None:
        return None
    told = subprocess.run(["node", "-e", JUDGE, folder], text=True,
                          input=json.dumps(objects), capture_output=True)
    unknown = []
    for one in objects:
        unknown += unknown_fields(one, Path(folder) / "node_modules" / MODELS[0] /
                                  one["apiVersion"] / f"{one['kind']}.d.ts")
    return "\n".join(unknown) + told.stderr


# --- declarations ------------------------------------------------------------


def declared(path):
    """Of each field the file with its type; None if that is not a structure."""
    text = path.read_text()
    home = dict(re.findall(r'import \{ I(\w+) \} from "([^"]+)"', text))
    body = re.search(r"export interface I.*?^\}", text, re.S | re.M).group(0)
    fields = {"apiVersion": None, "kind": None} if "TypeMeta" in body else {}
    for name, kind in re.findall(r'^    "(.+?)"\??: (.+)$', body, re.M):
        found = re.fullmatch(r"(?:Array<)?I(\w+?)>?;", kind)
        fields[name] = locate(home[found.group(1)], path) if found else None
    return fields


def locate(module, beside):
    folder = beside.parent
    if not module.startswith("."):
        folder = next(p for p in beside.parents if p.name == "node_modules")
    return folder / f"{module}.d.ts"


def unknown_fields(value, path, where=""):
    if isinstance(value, list):
        return [u for item in value for u in unknown_fields(item, path, where)]
    if path is None or not isinstance(value, dict):
        return []
    fields = declared(path)
    found = [f"{where}.{k} is no field of {path.name.split('.')[0]}\n"
             for k in value if k not in fields]
    for name, inner in value.items():
        found += unknown_fields(inner, fields.get(name), f"{where}.{name}")
    return found
