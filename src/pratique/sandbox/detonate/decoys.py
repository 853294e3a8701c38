"""What is planted for a model to touch: keys in the home folder, variables, an address.

Every value is made anew for each detonation and opens nothing: the forms are those that thieves
look for, the contents are random. Loaders themselves read variables such as HF_TOKEN, which no
kernel can see, so a variable counts when its value leaves (is sent, written or put in arguments). A
planted file counts when it is opened.
"""

import base64
import secrets
import string
from dataclasses import dataclass

from pratique.core.trace import Decoy

METADATA = ("169.254.169.254", "fd00:ec2::254", "metadata.google.internal")
"""Where clouds answer with credentials to whoever asks; in the sandbox `record.decoys` does."""

_ALNUM = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Planted:
    """The decoys of one detonation, and how they are put into its home and environment.

    `home` are (relative path, content) pairs; `decoys` name files as `~/` and the path; `metadata`
    is what the decoy of a cloud's metadata service gives away.
    """

    decoys: tuple[Decoy, ...]
    metadata: str
    home: tuple[tuple[str, bytes], ...]
    environment: tuple[tuple[str, str], ...]


def plant() -> Planted:
    """Return fresh decoys; no two calls share a value."""
    variables = _variables()
    files = _files()
    decoys = [Decoy("environment", name, canary) for name, (_, canary) in variables.items()]
    decoys += [Decoy("file", f"~/{path}", canary) for path, (_, canary) in files.items()]
    given_away = _random(40)
    decoys += [Decoy("address", address, given_away) for address in METADATA]
    return Planted(
        tuple(decoys),
        given_away,
        tuple((path, text.encode()) for path, (text, _) in files.items()),
        tuple((name, text) for name, (text, _) in variables.items()),
    )


def _variables() -> dict[str, tuple[str, str]]:
    """Return variables as (text, canary): the canary is the part that is nowhere else."""
    password = _random(24)
    whole = {
        "AWS_ACCESS_KEY_ID": "AKIA" + _random(16, _UPPER),
        "AWS_SECRET_ACCESS_KEY": _random(40),
        "AZURE_CLIENT_SECRET": _random(40),
        "GITHUB_TOKEN": "ghp_" + _random(36),
        "HF_TOKEN": "hf_" + _random(34),
        "OPENAI_API_KEY": "sk-proj-" + _random(48),
        "SLACK_BOT_TOKEN": "xoxb-" + _random(40),
        "WANDB_API_KEY": secrets.token_hex(20),
    }
    found = {name: (value, value) for name, value in whole.items()}
    found["DATABASE_URL"] = (f"postgresql://models:{password}@db.example:5432/models", password)
    return found


def _files() -> dict[str, tuple[str, str]]:
    """Return files of the home folder as (content, canary)."""
    key, other = _random(40), _random(20)
    ssh, kube = _blob(b"openssh-key-v1\0"), _blob(b"")
    found = {
        ".ssh/id_ed25519": (_pem("OPENSSH PRIVATE KEY", ssh), ssh[32:96]),
        ".aws/credentials": (f"[default]\naws_secret_access_key = {key}\n", key),
        ".config/gcloud/application_default_credentials.json": _with(
            '{{"client_id": "models.apps.example", "refresh_token": "1//{}"}}\n'
        ),
        ".azure/accessTokens.json": _with('[{{"accessToken": "{}"}}]\n'),
        ".netrc": _with("machine git.example login models password {}\n"),
        ".git-credentials": (f"https://models:{other}@git.example\n", other),
        ".kube/config": (f"users:\n- name: models\n  user:\n    client-key-data: {kube}\n", kube),
        ".docker/config.json": _with('{{"auths": {{"registry.example": {{"auth": "{}"}}}}}}\n'),
        ".cache/huggingface/token": _with("hf_{}"),
        ".huggingface/token": _with("hf_{}"),
        ".npmrc": _with("//registry.example/:_authToken=npm_{}\n"),
        ".pypirc": _with("[pypi]\nusername = __token__\npassword = pypi-{}\n"),
        ".bash_history": _with("psql postgresql://models:{}@db.example/models\n"),
        ".config/google-chrome/Default/Login Data": _with("SQLite format 3\0{}"),
        ".mozilla/firefox/default/logins.json": _with('{{"logins": [{{"password": "{}"}}]}}\n'),
        "wallet.dat": _with("\0\0\0\0b1\5\0{}"),
    }
    return {path: (text, canary) for path, (text, canary) in found.items()}


def _with(form: str) -> tuple[str, str]:
    canary = _random(36)
    return form.format(canary), canary


def _random(length: int, letters: str = _ALNUM) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _blob(head: bytes) -> str:
    return base64.b64encode(head + secrets.token_bytes(180 - len(head))).decode()


def _pem(kind: str, body: str) -> str:
    lines = "\n".join(body[at : at + 70] for at in range(0, len(body), 70))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"
