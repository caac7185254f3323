"""A pytest plugin of `make test`: how many tests run at once, and one loud line on what could not run here.

With CI=true what could not run fails.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Generator

import pytest

MISSING = re.compile(r"(\S+) (?:\([^)]*\) )?is not installed|(Executable doesn't exist)")
"""How our fakes and Playwright say that a program of this machine is missing."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three for two processors: a third of the tests' time is waiting, for servers and processes that start."""
    processors = len(os.sched_getaffinity(0))
    return processors + (processors + 1) // 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails because a program is missing could not run."""
    report = yield
    found = MISSING.search(str(call.excinfo.value)) if report.failed and call.excinfo else None
    if found:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"Skipped: {found.group(1) or 'Chromium'} is not installed")
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last thing before pytest's own closing line."""
    reasons = _reasons(terminalreporter)
    if reasons:
        line = "; ".join(f"{count} × {reason}" for reason, count in reasons.most_common())
        terminalreporter.write_line(f"!!! COULD NOT RUN: {line}", red=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that did not run is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and _reasons(reporter) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reasons(reporter: pytest.TerminalReporter) -> Counter[str]:
    """Why tests were skipped, with how many."""
    found: Counter[str] = Counter()
    for report in reporter.stats.get("skipped", []):
        place = report.longrepr
        found[place[2].removeprefix("Skipped: ") if isinstance(place, tuple) else str(place)] += 1
    return found
