"""`make bench`: every measurement, each against its limit in the same run; results in bench/results.json."""

from __future__ import annotations

import importlib
import platform
import sys
from pathlib import Path

import msgspec
import structlog
from rich.console import Console
from rich.table import Table

MEASUREMENTS = (
    "parse",
    "inbound",
    "batches",
    "live",
    "chat",
    "reading",
    "audience",
    "letter",
    "campaign",
    "lists",
    "reports",
)
RESULTS = Path(__file__).parent / "results.json"


def main(wanted: list[str]) -> int:
    """Run the named measurements (all without names); 1 when one could not be measured."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))  # warnings and worse
    console = Console()
    results: dict[str, dict[str, float]] = {}
    failed = []
    for name in wanted or MEASUREMENTS:
        try:
            results[name] = importlib.import_module(f"bench.{name}").measure()
        except Exception as error:
            failed.append(name)
            console.print(f"[red]{name} could not be measured:[/red] {error!r}")
            continue
        table = Table(name, "", title=None)
        for key, value in results[name].items():
            table.add_row(key, f"{value:,.3f}" if abs(value) < 10 else f"{value:,.0f}")
        console.print(table)
    about = {"python": platform.python_version(), "machine": platform.machine()}
    RESULTS.write_bytes(
        msgspec.json.format(msgspec.json.encode({"about": about, "results": results}), indent=1)
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
