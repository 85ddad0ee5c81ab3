"""Reads Prometheus' text exposition format 0.0.4 as strictly as it is written
down: whoever scrapes must not depend on the scraper's leniency."""

import re

from programs import check

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(
    rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+)$")


def read(text):
    """The samples: {(name, (label, value), ...): number}. Fails unless each
    family has a head, stands in one place, and no sample comes twice."""
    check(text.endswith("\n"), "the last line has no end")
    samples, kinds, family, helped = {}, {}, None, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            helped = line.split(" ", 3)[2]
            check(helped not in kinds, f"a second head: {line}")
            check(line.split(" ", 3)[3] != "", f"no help: {line}")
            continue
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            check(family == helped, f"TYPE without its HELP: {line}")
            check(kind in ("counter", "gauge"), f"what kind? {line}")
            check(kind == "gauge" or family.endswith("_total"),
                  f"a counter ends with _total: {line}")
            kinds[family] = kind
            continue
        found = SAMPLE.match(line)
        check(found, f"no sample: {line!r}")
        check(found[1] == family, f"outside of its family: {line}")
        labels = re.findall(LABEL, found[2] or "")
        check(len({n for n, _ in labels}) == len(labels), f"twice: {line}")
        key = (found[1], *labels)
        check(key not in samples, f"a second time: {line}")
        value = int(line.rsplit(" ", 1)[1])
        check(kinds[family] == "gauge" or value >= 0, f"below 0: {line}")
        samples[key] = value
    for name in kinds:
        check(any(k[0] == name for k in samples), f"no sample of {name}")
    return samples
