"""Tokens of services are told by prefix and length; what documentation shows stays silent."""

import random
import string

import pytest

from harness.inspecting import inspect_bytes
from pratique.core.finding import Severity

HEX = "0123456789abcdef"
WORD = string.ascii_letters + string.digits
SHAPES = {
    "AKIA": (16, "ABCDEFGHJKLMNPQRSTUVWXYZ234567", ""),
    "hf_": (34, string.ascii_letters, ""),
    "gsk_": (52, WORD, ""),
    "nvapi-": (64, WORD, ""),
    "dapi": (32, HEX, ""),
    "shpat_": (32, HEX, ""),
    "lin_api_": (40, WORD, ""),
    "ntn_": (46, WORD, ""),
    "xai-": (80, WORD, ""),
    "sk-or-v1-": (64, HEX, ""),
    "pplx-": (48, WORD, ""),
    "dckr_pat_": (27, WORD, ""),
    "hvs.": (95, WORD, ""),
    "sbp_": (40, HEX, ""),
    "key-": (32, HEX, ""),
    "dp.pt.": (43, WORD, ""),
    "AccountKey=": (86, WORD, "=="),
}


def worst(body: bytes) -> Severity:
    findings = [f for f in inspect_bytes(body).findings if f.rule.startswith("SEC")]
    return max((f.severity for f in findings), default=Severity.INFO)


@pytest.mark.parametrize("prefix", SHAPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tokens_are_found(prefix: str, encoding: str) -> None:
    length, letters, end = SHAPES[prefix]
    pick = random.Random(prefix)  # noqa: S311 - only to be varied, and the same each time
    token = prefix + "".join(pick.choice(letters) for _ in range(length)) + end
    assert worst(f"a: '{token}'\n".encode(encoding)) >= Severity.HIGH


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg2://scott:tiger@localhost:5432/db",
        "mssql+pyodbc://user:p%40ss@mydsn",
        "http://proxyuser:proxypass@proxy.company.com:3128",
        "postgres://myuser:mypassword@postgres:5432/mydb",
        "postgresql://dbuser:kx%25jj5%2Fg@pghost10/appdb",
    ],
)
def test_addresses_of_documentation_ask_for_nothing(address: str) -> None:
    assert worst(f"# card\n\nUse {address} here\n".encode()) < Severity.MEDIUM
