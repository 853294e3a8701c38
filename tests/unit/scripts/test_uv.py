"""scripts/uv hands uv what the machine's owner told only to pip."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SETTINGS = ("UV_DEFAULT_INDEX", "UV_FIND_LINKS", "SSL_CERT_FILE", "UV_PYTHON_DOWNLOADS")


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    for name, body in {
        "uv": "#!/bin/sh\nenv\n",
        "pip3": '#!/bin/sh\n[ "$1" = config ] && cat "$PIP_SAYS"\n',
    }.items():
        (tmp_path / name).write_text(body)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def asked(fake: Path, says: str, **more: str) -> dict[str, str]:
    (fake / "says").write_text(says)
    told = {"PATH": f"{fake}:/usr/bin:/bin", "PIP_SAYS": str(fake / "says"), "HOME": str(fake)}
    if (ROOT / ".uv" / "bin" / "pip").exists():
        pytest.skip("a fetched uv has a pip of its own beside it, which is asked first")
    done = subprocess.run(
        [str(ROOT / "scripts" / "uv"), "pip", "list"],
        env=told | more,
        check=True,
        capture_output=True,
        text=True,
    )
    rows = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return {name: rows[name] for name in SETTINGS if name in rows}


def test_nothing_is_set_when_pip_says_nothing(fake: Path) -> None:
    assert asked(fake, "") == {"UV_PYTHON_DOWNLOADS": "never"}


def test_what_pip_says_is_passed_on(fake: Path) -> None:
    says = "global.index-url='https://index.example/simple'\nglobal.find-links='/a /b'\n"
    got = asked(fake, says + "global.cert='/etc/some.pem'\n")
    assert got["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert got["UV_FIND_LINKS"] == "/a,/b"
    assert got["SSL_CERT_FILE"] == "/etc/some.pem"


def test_a_variable_of_pip_is_stronger_than_its_files(fake: Path) -> None:
    says = ":env:.index-url='https://env.example/'\nglobal.index-url='https://file.example/'\n"
    assert asked(fake, says)["UV_DEFAULT_INDEX"] == "https://env.example/"


def test_what_is_said_to_uv_itself_is_strongest(fake: Path) -> None:
    says = "global.index-url='https://file.example/'\n"
    got = asked(fake, says, UV_DEFAULT_INDEX="https://uv.example/")
    assert got["UV_DEFAULT_INDEX"] == "https://uv.example/"
