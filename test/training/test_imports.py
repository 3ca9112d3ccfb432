"""Who imports whom in training/: no cycle, and the rooms in one direction."""

import ast
from pathlib import Path

import pytest

TRAINING = Path(__file__).parents[2] / "training"

ROOMS = ("data", "model", "run", "release")
"""Each may import the ones before it. What stands beside train.py may be imported by all of them."""

EXCEPTIONS = {
    # Reading shows its progress, and token ids are cached where checkpoints are kept.
    ("data.inputs", "run.progress"),
    ("data.dataset", "run.progress"),
    ("data.tokens", "run.checkpoint_store"),
}

Imports = dict[str, set[str]]


def read_imports(folder: Path) -> Imports:
    """The modules of the folder that each of its modules imports, by their dotted names."""
    files = {".".join(path.relative_to(folder).with_suffix("").parts): path for path in folder.rglob("*.py")}
    return {name: list_imported(path) & files.keys() for name, path in files.items() if not name.endswith("__init__")}


def list_imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def find_cycle(imports: Imports) -> list[str]:
    """The modules of one cycle in their order, or nothing."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        cycle = next(filter(None, (visit(target, [*trail, name]) for target in sorted(imports[name]))), [])
        done.add(name)
        return cycle

    return next(filter(None, (visit(name, []) for name in sorted(imports))), [])


def find_wrong_directions(imports: Imports) -> set[tuple[str, str]]:
    """Imports of a later room by an earlier one, and of train.py by a room."""
    order = {room: number for number, room in enumerate(ROOMS)}
    pairs = {(name, target) for name, targets in imports.items() for target in targets}
    rooms = {(name, target): (name.partition(".")[0], target.partition(".")[0]) for name, target in pairs}
    return {
        pair
        for pair, (start, end) in rooms.items()
        if start in order and (order.get(end, -1) > order[start] or end == "train")
    }


def test_training_has_no_import_cycle() -> None:
    imports = read_imports(TRAINING)
    assert len(imports) > 25 and "run.step" in imports["run.loop"]
    assert find_cycle(imports) == []


def test_rooms_import_in_one_direction() -> None:
    assert find_wrong_directions(read_imports(TRAINING)) == EXCEPTIONS


@pytest.mark.parametrize(
    ("files", "cycle", "wrong"),
    [
        ({"data/a.py": "from data import b", "data/b.py": "import data.a"}, ["data.a", "data.b", "data.a"], set()),
        ({"data/a.py": "from release.b import x", "release/b.py": ""}, [], {("data.a", "release.b")}),
        ({"run/a.py": "import train", "train.py": ""}, [], {("run.a", "train")}),
        ({"release/a.py": "from data.b import x", "data/b.py": "import errors", "errors.py": ""}, [], set()),
    ],
)
def test_the_rules_find_what_they_look_for(
    tmp_path: Path, files: dict[str, str], cycle: list[str], wrong: set[tuple[str, str]]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    imports = read_imports(tmp_path)
    assert find_cycle(imports) == cycle
    assert find_wrong_directions(imports) == wrong
