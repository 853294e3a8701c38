"""Every place that names a component, how sure its version is, and what could not be read."""

import io
import json
import zipfile

import pytest

from harness.advised import inventory_of
from pratique.core.component import Component, Inventory, Relation, Sure
from pratique.core.errors import MalformedError
from pratique.core.inventory_json import dump, load


def names(told: Inventory, relation: Relation = Relation.NEEDS) -> dict[str, str]:
    return {c.name: c.version or c.spec for c in told.components if c.relation is relation}


def one(told: Inventory, name: str) -> Component:
    (found,) = (c for c in told.components if c.name == name)
    return found


def test_requirements() -> None:
    text = (
        "# comment\n"
        "Torch==2.5.0+cu118 \\\n    --hash=sha256:" + "a" * 64 + "\n"
        "numpy >=1.26,<3 ; python_version > '3.8'\n"
        "keras===3.9-special\n"
        "pandas==2.*\n"
        "scipy\n"
        "-e git+https://example.org/x.git@main#egg=x-pack\n"
        "pillow @ https://example.org/pillow-9.0.0-cp311-none-any.whl\n"
        "https://example.org/a/wheel_name-1.2-py3-none-any.whl\n"
        "./local/folder\n"
        "--extra-index-url https://example.org/simple\n"
        "--no-binary :all:\n"
    )
    told = inventory_of({"requirements.txt": text})
    assert names(told) == {
        "torch": "2.5.0+cu118",
        "numpy": "<3,>=1.26",
        "keras": "3.9-special",
        "pandas": "==2.*",
        "scipy": "",
        "x-pack": "",
        "pillow": "9.0.0",
        "wheel-name": "1.2",
        "./local/folder": "",
        "package index https://example.org/simple": "",
    }
    assert one(told, "torch").digests == ("sha256:" + "a" * 64,)
    assert one(told, "torch").line == 2
    assert one(told, "torch").purl == "pkg:pypi/torch@2.5.0%2Bcu118"
    assert one(told, "numpy").marker == 'python_version > "3.8"'
    assert [one(told, n).sure for n in ("torch", "numpy", "pandas", "scipy", "x-pack")] == [
        Sure.EXACT,
        Sure.RANGE,
        Sure.RANGE,
        Sure.UNKNOWN,
        Sure.UNKNOWN,
    ]
    assert not told.unreadable


def test_includes_are_followed_once_and_never_out_of_the_package() -> None:
    told = inventory_of(
        {
            "requirements.txt": "-r deps/base.list\n-c ../../outside.txt\n-r gone.txt\n",
            "deps/base.list": "a==1\n-r ../requirements.txt\n",
        }
    )
    assert names(told) == {"a": "1"}
    assert sorted(u.says for u in told.unreadable) == [
        "includes '../../outside.txt', which is not in the package",
        "includes 'gone.txt', which is not there",
    ]


def test_ten_thousand_lines_are_all_taken_and_broken_ones_counted() -> None:
    text = "".join(f"package-{n}==1.{n}\n" for n in range(10_000)) + "x ==== 1\n" * 1500
    told = inventory_of({"requirements.txt": text})
    assert len(told.components) == 10_000
    assert len(told.unreadable) + told.lost == 1500
    assert load(dump(told)) == told


def test_projects_and_locks() -> None:
    told = inventory_of(
        {
            "pyproject.toml": '[project]\nname = "x"\ndependencies = ["a==1", "b>=2"]\n'
            "[project.optional-dependencies]\nmore = ['c']\n"
            '[build-system]\nrequires = ["hatchling"]\n'
            '[tool.poetry.dependencies]\npython = "^3.11"\nd = "^1.2"\ne = {version = "0.3.1"}\n',
            "poetry.lock": '[[package]]\nname = "f"\nversion = "3"\n',
            "uv.lock": 'version = 1\n[[package]]\nname = "g"\nversion = "4"\n',
            "Cargo.lock": '[[package]]\nname = "h"\nversion = "0.1.0"\n',
            "Pipfile.lock": json.dumps({"_meta": {}, "default": {"i": {"version": "==5"}}}),
            "package.json": json.dumps({"dependencies": {"j": "^1.0.0", "k": "2.0.0"}}),
        }
    )
    found = names(told)
    assert found["a"] == "1"
    assert (found["b"], found["c"], found["hatchling"]) == (">=2", "", "")
    assert (found["d"], found["e"]) == (">=1.2,<2", "0.3.1")
    assert (found["f"], found["g"], found["h"], found["i"]) == ("3", "4", "0.1.0", "5")
    assert (found["j"], found["k"]) == ("^1.0.0", "2.0.0")
    assert one(told, "h").ecosystem == "crates.io"


def test_environments() -> None:
    told = inventory_of(
        {
            "conda.yaml": "name: x\ndependencies:\n- python=3.11\n- conda-forge::a=1.2.3=h1\n"
            "- pip\n- pip:\n  - b==2\n",
            "model/MLmodel": "flavors:\n  sklearn:\n    sklearn_version: 1.1.0\n"
            "mlflow_version: 2.9.1\n",
            "python_env.yaml": "python: 3.10.4\ndependencies:\n- c==3\n- -r requirements.txt\n",
            "Dockerfile": "FROM --platform=linux/amd64 python:3.11 AS base\nFROM base\n"
            "RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88 \\\n"
            "  && pip install -r x.txt 'd>=4' e\n",
        }
    )
    found = names(told)
    assert found["a"] == "1.2.3"
    assert (found["b"], found["c"], found["d"], found["e"]) == ("2", "3", ">=4", "")
    assert found["curl"] == "7.88"
    assert found["image python"] == "3.11"
    assert names(told, Relation.MADE_WITH)["scikit-learn"] == "1.1.0"
    assert names(told, Relation.MADE_WITH)["mlflow"] == "2.9.1"


def test_configurations_cards_and_imports() -> None:
    told = inventory_of(
        {
            "config.json": json.dumps(
                {
                    "model_type": "x",
                    "transformers_version": "4.30.0",
                    "auto_map": {"AutoModel": "some/repo--modeling.X"},
                }
            ),
            "config_sentence_transformers.json": json.dumps(
                {"__version__": {"sentence_transformers": "2.2.2", "pytorch": "1.13.0"}}
            ),
            "README.md": "---\nlicense: apache-2.0\nbase_model: some/base\n"
            "datasets:\n- data/one\nlibrary_name: peft\n---\n# A model\n",
            "modeling.py": "import os, sklearn\nfrom .own import x\nimport helper\n\n"
            "def f(): ...\n",
            "helper.py": "import yaml\n\ndef g(): ...\n",
        }
    )
    made = names(told, Relation.MADE_WITH)
    assert made["transformers"] == "4.30.0"
    assert made["sentence-transformers"] == "2.2.2"
    assert made["torch"] == "1.13.0"
    assert "peft" in made
    assert "code of some/repo" in names(told)
    assert set(names(told, Relation.IMPORTS)) == {"scikit-learn", "pyyaml"}
    assert told.licences == ("apache-2.0",)
    assert told.lineage == ("some/base",)
    assert [d.name for d in told.datasets] == ["data/one"]


def test_wheels_and_shared_objects() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("a/__init__.py", "")
        archive.writestr(
            "a-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: A\nVersion: 1.0\nRequires-Dist: b (<3) ; extra == 'x'\n",
        )
        archive.writestr("a.libs/libgomp-1a2b3c4d.so.1.0.0", b"\x7fELF")
    told = inventory_of({"a-1.0-py3-none-any.whl": body.getvalue()})
    # a soname tells what it is compatible with, not which version it is
    assert names(told, Relation.CONTAINS) == {"a": "1.0", "libgomp.so.1.0.0": ""}
    assert (
        one(told, "libgomp.so.1.0.0").path
        == "a-1.0-py3-none-any.whl!a.libs/libgomp-1a2b3c4d.so.1.0.0"
    )
    assert names(told)["b"] == "<3"


@pytest.mark.parametrize(
    "text",
    ["\0", "{", "- " * 5000, "a: &x [*x, *x]\ndependencies: *x\n", "dependencies: 7\n"],
)
def test_what_is_no_environment_is_named(text: str) -> None:
    told = inventory_of({"conda.yaml": text})
    assert not told.components
    assert {entry.path for entry in told.unreadable} == {"conda.yaml"}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"shape": "pratique-inventory/1"}', b"[" * 9999]
)
def test_what_is_no_inventory_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        load(body)


def test_a_version_that_no_text_can_hold_has_a_package_url() -> None:
    told = inventory_of({"config.json": '{"transformers_version": "\\ud800"}'})
    assert [one.purl for one in told.components] == ["pkg:pypi/transformers@%5Cud800"]
