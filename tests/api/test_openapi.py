"""The API keeps its own description: unseen inputs never break it, and every answer is as described."""

from __future__ import annotations

import asyncio

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.api.conftest import Api

CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)
EXAMPLES = 4


@pytest.mark.timeout(400)  # every operation, on whatever machine
async def test_no_input_breaks_the_api(api_of, world):
    api: Api = await api_of(world.berta)
    await asyncio.to_thread(_exercise, api.base, api.headers)


def _exercise(base: str, headers: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    schema.config.update(base_url=base.removesuffix("/api/v1"))
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,  # the same inputs each time: what fails once fails always
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def keeps_its_word(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        keeps_its_word()
