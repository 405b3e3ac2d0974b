#!/usr/bin/env python3
"""Validates YAML files against a JSON Schema of docs/schema, as an editor would.

    script/check_schema.py docs/schema/collector.json FILE...

One line a file: "FILE: valid", or "FILE: where: what" for its first fault. Ends with 1 when a file is not valid.
"""

import json
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Without dates: to Muster they are text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in all if tag != "tag:yaml.org,2002:timestamp"]
    for first, all in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def fault_of(validator, path):
    with open(path, encoding="utf-8") as file:
        try:
            document = yaml.load(file, Loader)
        except yaml.YAMLError as problem:
            return " ".join(str(problem).split())
    fault = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if fault is None:
        return None
    place = "/".join(str(step) for step in fault.absolute_path) or "the file"
    return f"{place}: {fault.message}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    faults = 0
    for path in sys.argv[2:]:
        fault = fault_of(validator, path)
        faults += fault is not None
        print(f"{path}: {fault or 'valid'}".replace("\n", " ")[:400])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
