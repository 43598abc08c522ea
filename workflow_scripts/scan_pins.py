"""Ask pip-audit whether pinned packages have known vulnerabilities, and say so where it cannot."""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from pathlib import Path

DATABASE = "https://api.osv.dev/v1/query"

log = logging.getLogger(__name__)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("locks", type=Path, nargs="+")
parser.add_argument("--database", default=DATABASE, help="address of OSV's query")


def main(arguments: argparse.Namespace) -> int:
    """Tell what is known; 1 where a pin is vulnerable.

    A database that gives no answer says nothing of the packages, and no pin is refused for it.
    """
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--vulnerability-service", "osv", "--osv-url", arguments.database]
    command += ["--format", "json", "--desc", "off", "--progress-spinner", "off"]
    command += [word for lock in arguments.locks for word in ("--requirement", str(lock))]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        pins = json.loads(done.stdout)["dependencies"]
    except ValueError:  # it ends with a traceback where the database is out of reach
        reason = (done.stderr.strip().splitlines() or ["no word"])[-1]
        log.warning("the pins were NOT scanned for known vulnerabilities: %s", reason)
        return 0
    vulnerable = [pin for pin in pins if pin.get("vulns")]
    for pin in vulnerable:
        numbers = ", ".join(ascii(each["id"]) for each in pin["vulns"])
        log.error("%s %s: %s: raise it and run make lock", pin["name"], pin["version"], numbers)
    log.info("%d of %d pins have known vulnerabilities", len(vulnerable), len(pins))
    return int(bool(vulnerable))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    sys.exit(main(parser.parse_args()))
