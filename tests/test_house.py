"""House rules a machine can see: opening sentences, file and function size, no room that branches on a kind."""

from __future__ import annotations

import ast
import re

from tests import house

MODULES = list(house.modules())
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "service", "services", "misc", "common"}
KINDS = ("email", "sms", "whatsapp", "voice", "webchat", "fax", "desk", "form", "api")


def test_a_file_opens_with_a_sentence_and_holds_one_capability():
    wrong = []
    for module, path in MODULES:
        text = path.read_text()
        if text.strip() and not ast.get_docstring(house.parsed(path)):
            wrong.append(f"{path}: open with one sentence that says what it is for")
        if text.count("\n") > 330:
            wrong.append(f"{path} has {text.count(chr(10))} lines: it holds a second capability")
        if FORBIDDEN_NAMES & set(module.split(".")):
            wrong.append(f"{path}: name it by what it does")
    assert not wrong, "\n".join(wrong)


def test_functions_fit_a_screen():
    long = []
    for _, path in MODULES:
        for node in house.nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                # SQL is data: its lines do not make a function hard to follow
                strings = [n for n in ast.walk(node) if isinstance(n, ast.Constant | ast.JoinedStr)]
                sql = sum({n.lineno: n.end_lineno - n.lineno for n in strings}.values())
                length = node.end_lineno - node.lineno + 1 - sql
                if length > 60:
                    long.append(f"{path}:{node.lineno} {node.name}: {length} lines")
    assert not long, "\n".join(long)


def test_every_public_function_says_what_it_does():
    silent = []
    for _, path in MODULES:
        for node in house.parsed(path).body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if public and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{path}:{node.lineno} {node.name}")
    assert not silent, "\n".join(silent)


def test_no_room_page_or_template_branches_on_a_kind():
    quoted = re.compile(r"""(kind|type)\s*(==|!=|in)\s*\(?["'](""" + "|".join(KINDS) + r""")["']""")
    wrong = []
    for folder, pattern in (
        ("hub", "*.py"),
        ("workers", "*.py"),
        ("hub/templates", "*.html"),
        ("hub/static", "*.js"),
    ):
        for path in (house.ROOT / folder).rglob(pattern):
            if {"channels", "lab", "locale"} & set(path.relative_to(house.ROOT).parts):
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if quoted.search(line):
                    wrong.append(f"{path}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_no_exception_is_caught_to_be_silenced():
    silent = []
    for _, path in MODULES:
        for node in house.nodes(path):
            if isinstance(node, ast.ExceptHandler) and all(isinstance(one, ast.Pass) for one in node.body):
                silent.append(f"{path}:{node.lineno}")
    assert not silent, "say what happens then, or use contextlib.suppress with a reason: " + ", ".join(silent)
