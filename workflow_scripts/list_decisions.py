"""Write the page that lists every setting with its reason; on demand the configuration's schema."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmer.config import configuration_class
from mmer.registry import read_registry
from mmer.report.decisions import configuration_schema, decisions_page
from mmer.report.formats import write_text

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="Markdown page to write")
    parser.add_argument("--schema", type=Path, help="JSON schema to write, for editors")
    arguments = parser.parse_args()
    configuration = configuration_class(read_registry())
    write_text(arguments.out, decisions_page(configuration))
    if arguments.schema:
        schema = configuration_schema(configuration)
        write_text(arguments.schema, json.dumps(schema, indent=2) + "\n")
