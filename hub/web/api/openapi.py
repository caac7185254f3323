"""OpenAPI 3.1 of the API, generated from the same endpoints that serve it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from hub.web.api.endpoints import Endpoint, Nothing

REFERENCE = "#/components/schemas/{name}"
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "field"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": ["string", "null"]},
            },
        }
    },
}


@cache
def document(endpoints: tuple[Endpoint, ...]) -> bytes:
    """The whole document, as JSON."""
    types = [shape for one in endpoints for shape in (one.answer, one.body) if shape not in (None, Nothing)]
    _schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(f"/api/v1{one.path}", {})[one.method.lower()] = _operation(one)
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Dialogo",
            "version": "1",
            "description": "Experimental until the three walks of docs/roads.md pass end to end.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components | {"Error": ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=1)


def _operation(one: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": one.handler.__name__,
        "summary": one.summary,
        "parameters": [*_path(one), *_query(one), *_headers(one)],
        "responses": {str(one.status): _answer(one), "default": _error()},
    }
    if one.body is not None:
        schema = _schema(one.body)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif one.raw and one.method == "POST":
        binary = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    return operation


def _path(one: Endpoint) -> list[dict[str, Any]]:
    number = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    return [
        {"name": name, "in": "path", "required": True, "schema": number}
        for name in re.findall(r"{(\w+)}", one.path)
    ]


def _query(one: Endpoint) -> list[dict[str, Any]]:
    plain = msgspec.json.schema(one.query)
    properties = next(iter(plain.get("$defs", {"": plain}).values())).get("properties", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {k: v for k, v in schema.items() if k != "default"},
        }
        for name, schema in properties.items()
    ]


def _headers(one: Endpoint) -> list[dict[str, Any]]:
    if one.method != "POST":
        return []
    about = "The same key and request give the first answer again."
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    return [
        {"name": "Idempotency-Key", "in": "header", "required": False, "description": about, "schema": schema}
    ]


def _answer(one: Endpoint) -> dict[str, Any]:
    if one.status == 204:
        return {"description": "Done"}
    if one.answer is None:
        binary = {"schema": {"type": "string", "format": "binary"}}
        return {"description": one.summary, "content": {"application/octet-stream": binary}}
    return {"description": one.summary, "content": {"application/json": {"schema": _schema(one.answer)}}}


def _error() -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Error"}
    return {"description": "What was wrong", "content": {"application/json": {"schema": reference}}}


def _schema(shape: Any) -> dict[str, Any]:
    (schema,), _components = msgspec.json.schema_components([shape], ref_template=REFERENCE)
    return dict(schema)
