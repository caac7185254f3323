"""The floor plan is a test: imports go down, rooms stand in one order, each table belongs to one room."""

from __future__ import annotations

import pytest

from tests import house

MODULES = list(house.modules())


def test_imports_only_go_down():
    wrong = []
    for module, path in MODULES:
        for imported, line in house.imports(path, module):
            above, below = house.floor(module), house.floor(imported)
            if below > above:
                wrong.append(
                    f"{path}:{line} imports {imported} from floor {below}: move the line to floor {below} or above"
                )
            elif above == below == 3 and house.ROOMS.index(house.room(imported)) > house.ROOMS.index(
                house.room(module)
            ):
                wrong.append(
                    f"{path}:{line} imports {imported}: it belongs into {house.room(imported)} or a later room"
                )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("one", "other"), house.STRANGERS)
def test_the_roads_and_the_doors_do_not_know_each_other(one, other):
    wrong = [
        f"{path}:{line} imports {imported}"
        for module, path in MODULES
        for imported, line in house.imports(path, module)
        if house.floor(module) < 6
        for here, there in ((one, other), (other, one))
        if module.startswith(here) and imported.startswith(there)
    ]
    assert not wrong, "\n".join(wrong)


def test_adapters_see_neither_database_nor_rooms():
    wrong = [
        f"{path}:{line} imports {imported}: what it needs belongs into the road or into the facts"
        for module, path in MODULES
        if path.match("hub/channels/*/*.py")
        for imported, line in house.imports(path, module)
        if imported in ("hub.plumbing.db", "hub.plumbing.hub") or house.floor(imported) > 2
    ]
    assert not wrong, "\n".join(wrong)


def test_no_import_goes_round_in_a_circle():
    below: dict[str, set[str]] = {}
    for module, path in MODULES:
        below[module] = {imported for imported, _ in house.imports(path, module)}
    done: set[str] = set()

    def walk(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, "a circle: " + " → ".join([*way[way.index(module) :], module])
        if module not in done:
            for imported in sorted(below.get(module, ())):
                walk(imported, (*way, module))
            done.add(module)

    for module in below:
        walk(module, ())


def test_a_table_is_written_by_its_room_and_read_from_below():
    """F4–F6 read nothing by themselves but plumbing's and their own; only insight reads all."""
    wrong = [line for module, path in MODULES for line in foreign_tables(house.room(module), path)]
    assert not wrong, "\n".join(wrong)


def foreign_tables(here, path):
    """Where a file of this room touches a table that is not its to touch."""
    for sql, line in house.statements(path):
        for table in house.WRITTEN.findall(sql):
            owner = house.OWNER.get(table)
            if owner and owner not in (here, "plumbing") and here in house.ORDER:
                yield f"{path}:{line} writes {table}: that belongs into hub/{owner}"
        for table in house.READ.findall(sql):
            owner = house.OWNER.get(table)
            if owner and here in house.ORDER and house.ORDER.index(owner) > house.ORDER.index(here):
                yield f"{path}:{line} reads {table} of hub/{owner}: the reader belongs into {owner} or after it"


def test_every_table_belongs_to_a_room():
    tables = set()
    for path in (house.ROOT / "hub" / "schema").glob("*.sql"):
        for line in path.read_text().splitlines():
            if line.startswith("CREATE TABLE ") and "PARTITION OF" not in line:
                tables.add(line.split()[2])
    assert tables - set(house.OWNER) == set(), "say in tests/house.py which room owns it"


def test_every_schema_file_has_a_number_of_its_own():
    numbers = [path.name.partition("_")[0] for path in (house.ROOT / "hub" / "schema").glob("*.sql")]
    assert sorted(numbers) == [f"{n:04d}" for n in range(1, len(numbers) + 1)]
