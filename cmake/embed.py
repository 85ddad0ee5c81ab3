#!/usr/bin/env python3
"""Puts text files into a C header, one pair of macros each.

usage: embed.py HEADER FILE...

"pages/style.css" becomes PAGES_STYLE_CSS, a string literal with the file's
bytes, and PAGES_STYLE_CSS_DIGEST, their digest as a Content-Security-Policy
has it.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path


def escaped(byte):
    """One byte inside a string literal; three digits, so that none is added."""
    if byte in b'"\\?':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def literal(data):
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return " \\\n".join(
        '    "' + "".join(map(escaped, line)) + '\\n"' for line in lines)


def macros(path):
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        sys.exit(f"{path}: does not end with a line feed")
    name = "PAGES_" + re.sub(r"[^A-Z0-9]", "_", path.name.upper())
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return (f"#define {name} \\\n{literal(data)}\n\n"
            f'#define {name}_DIGEST "sha256-{digest}"\n')


def main():
    header, *files = map(Path, sys.argv[1:])
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text("/* Made by cmake/embed.py. */\n#pragma once\n\n" +
                      "\n".join(macros(f) for f in files))


if __name__ == "__main__":
    main()
