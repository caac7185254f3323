"""`hub doctor`: one line a finding, exit code 1 if something does not work."""

from __future__ import annotations

import asyncio

import click

from config.logging import masked
from config.settings import Settings, read
from hub.operating import doctor
from hub.operating.findings import Finding
from hub.plumbing.texts import _

SIGNS = {"ok": "ok   ", "warn": "WARN ", "error": "ERROR"}


@click.command()
@click.option("--alive", type=click.Choice(["web", "worker", "mailroom"]), help="Only: does one such run?")
@click.pass_context
def command(ctx: click.Context, alive: str | None) -> None:
    """Look at everything and say in plain words what is wrong and what to do."""
    settings = read()
    if alive:
        ctx.exit(0 if asyncio.run(doctor.alive(settings, alive)) else 1)
    findings = asyncio.run(_told(settings))
    errors = sum(finding.level == "error" for finding in findings)
    warnings = sum(finding.level == "warn" for finding in findings)
    click.echo(_("%(errors)s errors, %(warnings)s warnings", errors=errors, warnings=warnings))
    ctx.exit(1 if errors else 0)


async def _told(settings: Settings) -> list[Finding]:
    findings = []
    async for finding in doctor.examine(settings):
        findings.append(finding)
        click.echo(masked(f"{SIGNS[finding.level]}  {finding.what}"))
        if finding.advice:
            click.echo(f"       → {finding.advice}")
    return findings
