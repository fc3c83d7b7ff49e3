"""The documents say what there is: every setting, command, error, endpoint and metric, and nothing that is gone."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer

from upwell import console, errors
from upwell.cli.app import app
from upwell.otlp.model import Signal

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SOURCES = sorted((ROOT / "src" / "upwell").rglob("*.py"))


def _load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load_generator()


def _page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _anchors(page: str) -> set[str]:
    titles = [line.lstrip("# ") for line in page.splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", ["docs/configuration.md", "docs/cli.md", "docs/errors.md", "docs/agents.md", "docs/reports.md"])
def test_generated_parts_are_fresh(name: str) -> None:
    """A setting, command, error or agent that was changed without `make docs` fails here."""
    page = _page(name)

    assert "<!-- generated:" in page
    assert generate.regenerated(page) == page, "run `make docs`"


def test_every_setting_is_described() -> None:
    """A field of the settings model without a description is of no help to anybody."""
    undescribed = [
        f"{model.__name__}.{name}" for _, model, fields in generate.sections() for name, field in fields.items() if not field.description
    ]

    assert undescribed == []


def test_every_section_of_the_settings_is_documented() -> None:
    """The generator walks the whole model: no section can be added past it."""
    page = _page("docs/configuration.md")

    for title, model, _ in generate.sections():
        assert f"### {title}" in page
        assert model.__doc__, model


def test_every_command_says_what_it_does() -> None:
    """Each command has a help text, and each of its options and arguments too."""

    def undocumented(command: object, path: str) -> list[str]:
        found = [] if getattr(command, "help", None) else [path]
        parameters = [one for one in getattr(command, "params", []) if not getattr(one, "hidden", False)]
        found += [f"{path} {one.name}" for one in parameters if not getattr(one, "help", None)]
        return found + [name for key, below in getattr(command, "commands", {}).items() for name in undocumented(below, f"{path} {key}")]

    assert undocumented(typer.main.get_command(app), "upwell") == []


def test_every_error_has_its_heading_and_its_words() -> None:
    """A code that somebody meets can be looked up, and its page says more than its name."""
    page = _page("docs/errors.md")

    for kind in generate.family(errors.UpwellError):
        section = page.partition(f"### {kind.code}\n")[2].partition("\n#")[0].strip()
        assert len(section.split()) > 5, kind.code


def test_no_error_is_documented_that_is_gone() -> None:
    """A heading on the errors' page is a code that exists."""
    codes = {kind.code for kind in generate.family(errors.UpwellError)}

    assert set(re.findall(r"^### (.+)$", _page("docs/errors.md"), re.MULTILINE)) == codes


def test_the_tree_of_errors_is_complete() -> None:
    """The drawing at the top of errors.py shows every class."""
    assert errors.__doc__ is not None
    for kind in generate.family(errors.UpwellError):
        assert re.search(rf"\b{kind.__name__}\b", errors.__doc__), kind.__name__


def test_every_metric_is_documented() -> None:
    """Whatever the code exports under `upwell_` stands in the operator's table, and nothing else does."""
    exported = {name for path in SOURCES for name in re.findall(r'"(upwell_[a-z_]+)"', path.read_text("utf-8"))}
    listed = set(re.findall(r"^\| `(upwell_[a-z_]+)`", _page("docs/operations.md"), re.MULTILINE))

    assert len(exported) > 20
    assert listed == exported


def test_every_endpoint_is_documented() -> None:
    """Each path that one of the two processes answers is in the operator's table."""
    page = _page("docs/operations.md")
    pages_of_the_door = {
        path for file in (ROOT / "src/upwell/gateway").glob("*.py") for path in re.findall(r'"(/[a-z]+)": ', file.read_text("utf-8"))
    }

    for path in (*console.ENDPOINTS, *pages_of_the_door, *(f"/v1/{signal}" for signal in Signal)):
        assert f"`{path}`" in page or f"`POST {path}`" in page, path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """A link to another page, or to a heading, points to what is there."""
    text = page.read_text("utf-8")
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", text):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file.read_text("utf-8")), f"{target}#{anchor}"


def test_files_named_in_the_drawing_exist() -> None:
    """The boxes of the architecture's drawing carry names of files that are there."""
    drawing = _page("docs/architecture.md").partition("```mermaid")[2].partition("```")[0]
    named = re.findall(r"\b([a-z]+(?:/[a-z_]+)+\.py|[a-z]+/(?=[\"<]))", drawing)

    assert len(named) > 10
    for name in named:
        assert (ROOT / "src" / "upwell" / name).exists(), name


def test_every_package_stands_in_the_layer_table() -> None:
    """AGENTS.md names each layer that import-linter knows."""
    page = _page("AGENTS.md")

    for entry in (ROOT / "src" / "upwell").iterdir():
        if entry.name not in {"__init__.py", "__main__.py", "py.typed", "__pycache__"}:
            assert f"| `{entry.name}{'/' if entry.is_dir() else ''}` |" in page, entry.name


def test_make_targets_in_the_documents_exist() -> None:
    """A `make` command that a page tells somebody to run is in the Makefile, and `make help` has a word on each."""
    targets = set(re.findall(r"^([a-z]+):[^#\n]*# \w", _page("Makefile"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z]+)`", page.read_text("utf-8"))}

    assert named <= targets
    assert {"up", "test", "check", "docs"} <= targets


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    """150 lines at most, a picture, and the two commands first."""
    lines = _page("README.md").splitlines()

    assert len(lines) <= 150
    assert "make up" in "\n".join(lines[:6])
    assert "make test" in "\n".join(lines[:6])
    assert any(line.startswith("![") for line in lines)


def test_settings_in_the_readme_are_valid() -> None:
    """What a newcomer copies from the README works."""
    import tomllib

    from upwell.config import Settings

    for name in ("README.md", "docs/configuration.md"):
        for block in re.findall(r"```toml\n(.*?)```", _page(name), re.DOTALL):
            Settings.model_validate(tomllib.loads(block))


def test_the_locks_name_no_index() -> None:
    """A lock pins versions and hashes; where packages come from is the installing machine's business."""
    for name in ("requirements.lock", "requirements-dev.lock", "tests/checkov.lock"):
        lines = [line for line in _page(name).splitlines() if not line.startswith("#")]
        assert all(re.match(r"[a-z0-9._-]+==\S+ \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$|$", line) for line in lines), name
