"""What installs a package names it, however it is spelt; what cannot be followed is told."""

import io
import json
import zipfile

import pytest

from harness.advised import inventory_of
from pratique.artifacts.inventory.plain_yaml import load
from pratique.core.component import Inventory, Relation, Sure


def named(told: Inventory) -> set[str]:
    return {c.name for c in told.components}


def says(told: Inventory) -> str:
    return "\n".join(u.says for u in told.unreadable)


METADATA = "Metadata-Version: 2.1\nName: Old\nVersion: 1.0\n"


@pytest.mark.parametrize(
    "text",
    [
        METADATA + "Requires-Dist: evil ==1.0\n\n" + "What it is about, at length.\n" * 4000,
        METADATA + "Summary: a\u2028\u2028b\nRequires-Dist: evil ==1.0\n\nx\n",
        METADATA + "Classifier: x\n" * 20_001 + "Requires-Dist: evil ==1.0\n\nx\n",
        METADATA + "Requires-Dist: evil\n ==1.0\n\nx\n",
        "Name: Old\nVersion: 1.0\nMetadata-Version: 2.1\nRequires-Dist: evil ==1.0\n\n"
        + "x " * 40_000,
    ],
)
def test_metadata_names_what_it_requires(text: str) -> None:
    told = inventory_of({"x-1.0.dist-info/METADATA": text})
    assert {"old", "evil"} <= named(told)
    assert not told.unreadable


def test_metadata_in_an_archive_that_no_reader_understands_is_told() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        made.writestr("x-1.0.dist-info/METADATA", "\n" + "no header, " * 8000)
        made.writestr("a/poetry.lock", "[[package]\n" + "# broken " * 8000)
    told = inventory_of({"x-1.0-py3-none-any.whl": body.getvalue()})
    assert [u.path.rpartition("!")[2] for u in told.unreadable] == [
        "a/poetry.lock",
        "x-1.0.dist-info/METADATA",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "--pre -r more/list.dat\n",
        "--requirem more/list.dat\n",
        "-i https://example.org/simple -r more/list.dat\n",
        "-rmore/list.dat\n",
        "--requirement='more/list.dat'\n",
        "a==1 \\\n  # a comment that ends in \\\n-r more/list.dat\n",
    ],
)
def test_a_list_that_is_included_is_read(text: str) -> None:
    told = inventory_of({"requirements.txt": text, "more/list.dat": "evil==1.0\n"})
    assert "evil" in named(told)


@pytest.mark.parametrize(
    "text",
    [
        "-egit+https://example.org/x.git#egg=evil\n",
        "--pre -e git+https://example.org/x.git#egg=evil\n",
        "https://example.org/packages/evil-5.1.tar.gz\n",
        "evil @ https://example.org/packages/evil-5.1.zip\n",
    ],
)
def test_a_requirement_behind_an_option_or_an_address_is_taken(text: str) -> None:
    assert "evil" in named(inventory_of({"requirements.txt": text}))


def test_the_version_of_a_source_archive_is_exact() -> None:
    told = inventory_of({"requirements.txt": "https://example.org/PyYAML-5.1.tar.gz\n"})
    assert [(c.name, c.version, c.sure) for c in told.components] == [("pyyaml", "5.1", Sure.EXACT)]


def test_another_encoding_and_a_specifier_that_is_too_long_are_told() -> None:
    text = "# -*- coding: utf-7 -*-\na" + ",".join(f"!={n}" for n in range(300)) + "\n"
    told = inventory_of({"requirements.txt": text})
    assert "is written in 'utf-7'" in says(told)
    assert "a version specifier of" in says(told)


def test_an_included_list_that_is_cut_is_told_whichever_is_first() -> None:
    told = inventory_of({"requirements.txt": "-r a.lst\n", "a.lst": "x==1\n" * 600_000})
    assert "is too long" in says(told)


def test_a_list_that_many_include_is_read_once() -> None:
    lists = {f"requirements-{n}.txt": "-r base.lst\nx ==== 1\n" for n in range(50)}
    told = inventory_of({**lists, "base.lst": "y ==== 1\n"})
    assert len(told.unreadable) == 51


def test_an_include_in_an_archive_stays_there() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        made.writestr("a/requirements.txt", "-r base.lst\n-r ../../x.lst\n")
        made.writestr("a/base.lst", "inner==1\n")
    told = inventory_of({"m.zip": body.getvalue(), "base.lst": "outer==1\n", "x.lst": "outer==1\n"})
    assert named(told) == {"inner"}
    assert "'../../x.lst', which is not in the package" in says(told)


@pytest.mark.parametrize(
    "run",
    [
        "RUN pip --no-cache-dir install evil==1",
        "RUN python3 -mpip install evil==1",
        "RUN python3 -I -m pip install evil==1",
        "RUN uv pip --quiet install evil==1",
        "RUN uv add evil==1",
        "RUN sh -c 'pip install evil==1'",
        'RUN bash -lc "cd / && pip install evil==1"',
        "RUN (pip install evil==1)",
        "RUN { pip install evil==1; }",
        'RUN ["pip", "install", "evil==1"]',
        'RUN ["/bin/sh", "-c", "pip3 install evil==1"]',
        "RUN <<EOF\necho x\npip install evil==1\nEOF",
        "RUN --mount=type=cache,target=/x pip install evil==1",
        "ONBUILD RUN pip install evil==1",
        "RUN true &&\\\n  # why\n  PIP_X=1 pip install -U 'evil==1'",
        "RUN pip install -e git+https://example.org/x#egg=evil",
        "RUN pip install -r deps.lst",
        "RUN pip install -r /app/deps.lst",
        "RUN conda install -y -c conda-forge evil=1.0.0",
    ],
)
def test_a_dockerfile_names_what_it_installs(run: str) -> None:
    told = inventory_of({"Dockerfile": f"FROM scratch\n{run}\n", "deps.lst": "evil==1\n"})
    assert "evil" in named(told), says(told)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("RUN pip install -r /app/gone.txt\n", "'/app/gone.txt' lists, which is not there"),
        ("RUN pip install $WHAT\n", "known only when it runs"),
        ("RUN pip install 'x\n", "no command line"),
        ("\n" * 50_001 + "RUN pip install evil\n", "more than 50000 lines"),
    ],
)
def test_what_a_dockerfile_hides_is_told(text: str, why: str) -> None:
    assert why in says(inventory_of({"Dockerfile": text}))


@pytest.mark.parametrize(
    "text",
    [
        "x: &p [evil==1]\ndependencies:\n- pip: *p\n",
        "x: &p evil==1\ndependencies:\n- pip: [*p]\n",
        "x: &d [{pip: [evil==1]}]\ndependencies: *d\n",
        "x: &m {dependencies: [{pip: [evil==1]}]}\n<<: *m\nchannels: []\n",
        "dependencies:\n- pip: ['-r deps.lst']\n",
        "dependencies:\n- pip: evil==1\n",
    ],
)
def test_a_conda_environment_names_what_pip_installs(text: str) -> None:
    told = inventory_of({"conda.yaml": text, "deps.lst": "evil==1\n"})
    assert "evil" in named(told), says(told)


def test_merge_keys_that_multiply_are_refused_in_time() -> None:
    lines = ["a0: &a0 {" + ",".join(f"k{n}: x" for n in range(2_000)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 2_000)]
    assert load("\n".join(lines)) is None


def test_a_python_environment_follows_its_list() -> None:
    told = inventory_of(
        {"m/python_env.yaml": "dependencies:\n- -r req.lst\n", "m/req.lst": "evil==1\n"}
    )
    assert "evil" in named(told)


PROJECT = "[project]\nname = 'x'\n"


@pytest.mark.parametrize(
    "text",
    [
        PROJECT + 'dynamic = ["dependencies"]\n[tool.setuptools.dynamic]\n'
        'dependencies = {file = ["deps.lst"]}\n',
        "[tool.poetry.dev-dependencies]\nevil = '1'\n",
        "[tool.poetry.group.a.dependencies]\nevil = [{version = '1'}, {version = '2'}]\n",
        "[tool.uv]\ndev-dependencies = ['evil==1']\n",
        "[tool.pdm.dev-dependencies]\na = ['evil==1']\n",
        "[tool.hatch.envs.default]\nextra-dependencies = ['evil==1']\n",
        "[dependency-groups]\na = ['evil==1', {include-group = 'b'}]\n",
    ],
)
def test_a_project_names_what_each_tool_installs(text: str) -> None:
    told = inventory_of({"pyproject.toml": text, "deps.lst": "evil==1\n"})
    assert "evil" in named(told), says(told)
    assert not told.unreadable


def test_setuptools_settings_are_read() -> None:
    text = "[options]\ninstall_requires =\n  evil==1\n  # why\n[options.extras_require]\na = more\n"
    told = inventory_of({"setup.cfg": text + "b = file: deps.lst\n", "deps.lst": "deep==1\n"})
    assert named(told) == {"evil", "more", "deep"}


def test_dependencies_of_a_build_are_told() -> None:
    told = inventory_of({"pyproject.toml": PROJECT + 'dynamic = ["dependencies"]\n'})
    assert "known only when it is built" in says(told)


def test_locks_are_read_in_full() -> None:
    old = {"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0", "dependencies": {
        "evil-npm": {"version": "2.0.0"}}}}}  # fmt: skip
    told = inventory_of(
        {
            "pylock.toml": "package = []\n[[packages]]\nname = 'evil-py'\nversion = '1'\n",
            "Pipfile.lock": json.dumps({"_meta": {}, "docs": {"evil-docs": {"version": "==1"}}}),
            "Pipfile": "[packages]\nevil-pip = '*'\n[dev-packages]\nevil-dev = '==1'\n",
            "package-lock.json": json.dumps(old),
            "uv.lock": 'version = 1\n[[package]]\nname = "mine"\nversion = "1"\n'
            'source = { virtual = "." }\n',
        }
    )
    assert named(told) == {"a", "evil-npm", "evil-py", "evil-docs", "evil-pip", "evil-dev"}


def test_a_short_version_of_npm_is_a_range() -> None:
    needs = {"a": "2", "b": "4.17", "c": "1.2.3", "d": "^1.0.0"}
    told = inventory_of({"package.json": json.dumps({"peerDependencies": needs})})
    assert {c.name: c.sure for c in told.components} == {
        "a": Sure.RANGE, "b": Sure.RANGE, "c": Sure.EXACT, "d": Sure.RANGE
    }  # fmt: skip


def test_honest_files_are_no_trouble() -> None:
    told = inventory_of(
        {
            "env_kwargs.yml": "a: 1\n",
            "environment.yml": "services:\n  web: x\n",
            "README.md": "---\nlibrary_name: Stable Baselines 3\n---\n# Agent\n",
            "requirements.txt": "-e .[dev]\n-e .\n",
            "conda.yaml": "dependencies:\n- python=3.11\n- openssl=1.1.1\n",
            "onnx/model.txt": "x\n",
            "run.py": "import onnx\n",
            "lib/libssl.so.1.1": "\x7fELF",
        }
    )
    assert not told.unreadable
    python = {c.name: c.relation for c in told.components if c.ecosystem == "PyPI"}
    assert python == {"onnx": Relation.IMPORTS}
    assert {c.version for c in told.components if "ssl" in c.name} == {"", "1.1.1"}
