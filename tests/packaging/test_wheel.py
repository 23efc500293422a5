"""The wheel: what is in it, and that installing it is all it takes."""

import gzip
import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import automl_magics

REPOSITORY = Path(__file__).parents[2]
IMPORT_PACKAGES = {"automl_magics", "automl_server", "automl_widgets"}
PANEL = "share/jupyter/labextensions/automl-magics"
SERVER_CONFIG = "etc/jupyter/jupyter_server_config.d/automl_server.json"
RUNS_AS_DATA = {
    *(".html", ".css", ".js", ".svg", ".json", ".yaml", ".mako", ".j2", ".ipynb"),
    ".txt",  # the cells of a job's notebook
}
SOURCE_DISTRIBUTION = {
    *(
        "automl_magics",
        "server_extension",
        "widgets",
        "tests",
        "docs",
        "Makefile",
        "constraints.txt",
    ),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO"),
    ".gitignore",  # the build reads it
}


def build(source: Path, target: str, directory: Path) -> Path:
    """Build one distribution with the backend of this environment, which needs no network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "-d", str(directory)]
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": tools}  # jlpm and node, where the panel is not built yet
    subprocess.run(command, cwd=source, env=environment, check=True, capture_output=True)
    (distribution,) = directory.iterdir()
    return distribution


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(REPOSITORY, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[PurePosixPath]:
    with zipfile.ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an environment with nothing but the wheel; its dependencies are this environment's."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    install = ["uv", "pip", "install", "--offline", "--no-deps", "--python", str(python)]
    subprocess.run([sys.executable, "-m", *install, str(wheel)], check=True, capture_output=True)
    # A folder named in a .pth file joins sys.path, but its own .pth files (an editable
    # installation of this very project) are not read.
    site_packages = environment / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment


def run_installed(environment: Path, *arguments: str, cwd: Path) -> str:
    """Run the installed Python without this user's Jupyter configuration."""
    empty = cwd / "bin"
    empty.mkdir(exist_ok=True)
    clean = {"HOME": str(cwd), "PATH": str(empty), "JUPYTER_CONFIG_DIR": str(cwd / "config")}
    command = [str(environment / "bin" / "python"), *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=clean, check=True, text=True, stdout=-1, stderr=subprocess.STDOUT
    )
    return done.stdout


def test_wheel_is_pure_python_and_names_its_version(wheel: Path) -> None:
    assert wheel.name == f"automl_magics-{automl_magics.__version__}-py3-none-any.whl"


def test_wheel_brings_the_import_packages_and_nothing_else(names: set[PurePosixPath]) -> None:
    tops = {name.parts[0] for name in names}
    metadata = {top for top in tops if top.endswith((".dist-info", ".data"))}
    assert tops - metadata == IMPORT_PACKAGES
    assert len(metadata) == 2


def test_wheel_brings_code_types_and_data_only(names: set[PurePosixPath]) -> None:
    stray = {
        name
        for name in names
        if name.parts[0] in IMPORT_PACKAGES
        and name.suffix not in RUNS_AS_DATA | {".py"}
        and name.name != "py.typed"
    }
    assert not stray


def test_wheel_brings_every_module_of_the_checkout(names: set[PurePosixPath]) -> None:
    shipped = {name for name in names if name.parts[0] in IMPORT_PACKAGES and name.suffix == ".py"}
    roots = [REPOSITORY, REPOSITORY / "server_extension", REPOSITORY / "widgets"]
    modules = {
        PurePosixPath(path.relative_to(root))
        for root in roots
        for package in IMPORT_PACKAGES
        for path in (root / package).rglob("*.py")
    }
    assert shipped == modules


def test_wheel_is_typed(names: set[PurePosixPath]) -> None:
    assert {PurePosixPath(package, "py.typed") for package in IMPORT_PACKAGES} <= names


def test_wheel_carries_licence_and_server_config(names: set[PurePosixPath]) -> None:
    tails = {"/".join(name.parts[1:]) for name in names}
    assert "licenses/LICENSE" in tails
    assert f"data/{SERVER_CONFIG}" in tails


def test_wheel_brings_the_panel_and_the_way_to_remove_it(wheel: Path) -> None:
    version = json.loads((REPOSITORY / "widgets/labextension/package.json").read_text())["version"]
    assert version == automl_magics.__version__  # the panel tells an older server by it
    panel = PurePosixPath(f"automl_magics-{version}.data", "data", PANEL)
    with zipfile.ZipFile(wheel) as archive:
        package = json.loads(archive.read(str(panel / "package.json")))
        entry = str(panel / package["jupyterlab"]["_build"]["load"])
        assert archive.read(entry)
        assert json.loads(archive.read(str(panel / "install.json")))["packageName"]
        assert archive.read(str(panel / "schemas/automl-magics/plugin.json"))
        assert str(REPOSITORY).encode() not in b"".join(map(archive.read, archive.namelist()))


def test_panel_is_light(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        scripts = [name for name in archive.namelist() if PANEL in name and name.endswith(".js")]
        assert scripts
        assert sum(len(gzip.compress(archive.read(name))) for name in scripts) < 150_000


def test_source_distribution_builds_the_same_wheel(
    names: set[PurePosixPath], tmp_path: Path
) -> None:
    sdist = build(REPOSITORY, "sdist", tmp_path / "sdist")
    subprocess.run(["tar", "-xzf", str(sdist), "-C", str(tmp_path)], check=True)
    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    assert not {path.name for path in unpacked.iterdir()} - SOURCE_DISTRIBUTION
    again = build(unpacked, "wheel", tmp_path / "wheel")
    with zipfile.ZipFile(again) as archive:
        assert {PurePosixPath(name) for name in archive.namelist()} == names


def test_installation_alone_enables_the_server_extension(installed: Path, tmp_path: Path) -> None:
    assert (installed / SERVER_CONFIG).is_file()
    program = "from jupyter_server.extension.serverextension import main; main()"
    report = run_installed(installed, "-c", program, "list", cwd=tmp_path)
    plain = re.sub(r"\x1b\[\d*m", "", report)
    assert re.search(r"^\s*automl_server enabled$", plain, re.MULTILINE), report
    assert re.search(r"^\s*automl_server \S* *OK$", plain, re.MULTILINE), report


def test_installation_alone_enables_the_panel(installed: Path, tmp_path: Path) -> None:
    program = "from jupyterlab.labextensions import main; main()"
    report = run_installed(installed, "-c", program, "list", cwd=tmp_path)  # no Node on its PATH
    plain = re.sub(r"\x1b\[\d*m", "", report)
    assert re.search(rf"automl-magics v{automl_magics.__version__} +enabled +OK", plain), report


def test_installed_code_is_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    program = "import automl_magics, automl_server; print(automl_magics.__file__)"
    where = run_installed(installed, "-c", program, cwd=tmp_path).strip()
    assert Path(where).is_relative_to(installed)


def test_installation_brings_the_shell_command(installed: Path) -> None:
    assert (installed / "bin" / "automl").is_file()
