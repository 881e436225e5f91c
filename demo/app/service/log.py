"""One JSON object a line on standard output."""

import json
import sys
from datetime import datetime, timezone


def log(level, event, **fields):
    time = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sys.stdout.write(json.dumps({"time": time, "level": level, "event": event, **fields}) + "\n")
    sys.stdout.flush()


def first_line(error):
    """An error of a client library without its follow-up lines and hints."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
