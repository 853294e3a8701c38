"""Code in Keras's configurations: what is told of it by its names, for releases 3.6 to 3.13."""

import base64

import pytest

from pratique.core.finding import Severity
from pratique.patterns.keras_code import judge, module_of, registered
from pratique.patterns.keras_lambda import compiled, lambdas, weigh
from pratique.patterns.marshalled import parsed

SCALES = {
    "3.6": "e3010000000000000001000000020000004300000073080000007c0064011b00530029024ee9ff000000"
    "a9002901da017872020000007202000000fa04612e7079da083c6c616d6264613e010000007300000000",
    "3.8": "e301000000000000000000000001000000020000004300000073080000007c0064011b00530029024ee9"
    "ff000000a9002901da017872020000007202000000fa04612e7079da083c6c616d6264613e01000000f300000000",
    "3.12": "e30100000000000000000000000200000003000000f30c00000097007c0064017a0b0000530029024ee9"
    "ff000000a9002901da0178730100000020fa04612e7079fa083c6c616d6264613e720600000001000000730a"
    "00000080008821886389278000f300000000",
}
SCALES_NEW = (
    "e30100000000000000000000000200000003000000f30c0000009500550053012d0b0000240029024ee9ff000000"
    "a9002901da0178730100000020da04612e7079da083c6c616d6264613e72060000000100000073080000008000"
    "882188638a27f300000000"
)
RUNS = {
    "3.7": "e30100000000000000010000000300000043000000730e000000740064018301a0016402a10153002903"
    "4eda026f73da04747275652902da0a5f5f696d706f72745f5fda0673797374656d2901da0178a90072060000"
    "00fa04612e7079da083c6c616d6264613e01000000f300000000",
    "3.10": "e3010000000000000000000000010000000300000043000000730e000000740064018301a0016402a101"
    "530029034eda026f73da04747275652902da0a5f5f696d706f72745f5fda0673797374656d2901da0178a900"
    "7206000000fa04612e7079da083c6c616d6264613e0100000073020000000e00",
    "3.13": "e30100000000000000000000000300000003000000f33600000095005b01000000000000000053013501"
    "000000000000520300000000000000000000000000000000000053023501000000000000240029034eda026f"
    "73da04747275652902da0a5f5f696d706f72745f5fda0673797374656d2901da0178730100000020da04612e"
    "7079da083c6c616d6264613e720800000001000000731400000080008c2a9054d30a1ad70a21d10a21a026d4"
    "0a29f300000000",
}
ASKS = (
    "e301000000000000000000000001000000030000004300000073160000007c0064016b0472127400a0017c00a101"
    "53007c00530029024ee9000000002902da014b5a04737172742901da0174a9007204000000fa04612e7079da08"
    "3c6c616d6264613e01000000f300000000"
)


@pytest.mark.parametrize("release", SCALES)
def test_arithmetic_is_low(release: str) -> None:
    assert weigh(bytes.fromhex(SCALES[release]))[0] is Severity.LOW


@pytest.mark.parametrize("release", RUNS)
def test_what_runs_a_command_is_critical(release: str) -> None:
    severity, says = weigh(bytes.fromhex(RUNS[release]))
    assert severity is Severity.CRITICAL
    assert "__import__" in says


def test_what_is_not_proven_is_for_a_person() -> None:
    for told in (ASKS, SCALES_NEW, SCALES["3.8"] + "00"):
        assert weigh(bytes.fromhex(told))[0] is Severity.MEDIUM
    body = bytes.fromhex(SCALES["3.8"])
    for old, new in ((b"d\1", b"d\t"), (b"|\0", b"|\5"), (b"\x1b\0", b"\x90\0")):
        assert weigh(body.replace(old, new, 1))[0] is Severity.MEDIUM


def test_code_that_cannot_be_parsed_is_told_by_its_texts() -> None:
    for told in RUNS.values():
        assert weigh(bytes.fromhex(told)[:-1])[0] is Severity.CRITICAL
    assert weigh(b"")[0] is Severity.HIGH


def test_a_path_of_the_author_is_no_command() -> None:
    body = bytes.fromhex(SCALES["3.8"])
    for path in (b"/home/a/dev/bin/train.py", b"/dev/shm/train.py", b"<ipython-input-3-os>"):
        named = body.replace(b"\xfa\4a.py", b"\xfa" + bytes([len(path)]) + path)
        assert weigh(named)[0] is Severity.LOW
        assert weigh(named[:-1])[0] is Severity.MEDIUM


def test_parsing_is_bounded() -> None:
    for body in (b"\xe3" + b"\xff" * 60, b"\xe3" + b"\0" * 9, b"(" * 99, b"(\xff\xff\xff\x7f"):
        assert list(parsed(body)) == []
    deep = b"\xe3" + bytes(24) + b")\1" * 60 + b"N"
    assert list(parsed(deep)) == []
    endless = b"\xe3" + bytes(24) + b"(\xff\xff\xff\0" + b"N" * 30_000
    assert list(parsed(endless)) == []


def test_code_is_found_in_each_way_that_keras_writes_it() -> None:
    code = base64.b64encode(bytes.fromhex(ASKS)).decode()
    for node in (
        {"class_name": "__lambda__", "config": {"code": code}},
        {"function": [code, None, None]},
        {"function": {"class_name": "__tuple__", "items": [code, None, None]}},
        {"output_shape": [code, None, None], "output_shape_type": "lambda"},
    ):
        assert [text for _, text in lambdas([node])] == [code]
    assert not list(lambdas([{"function": ["f"], "function_type": "function"}]))
    assert compiled(code) == bytes.fromhex(ASKS)
    assert compiled(bytes.fromhex(ASKS).decode("latin-1")) == bytes.fromhex(ASKS)
    assert compiled("no code") == compiled("A" * (1 << 20)) == b""


@pytest.mark.parametrize(
    ("module", "name", "severity"),
    [
        ("os", "system", Severity.CRITICAL),
        ("builtins", "eval", Severity.CRITICAL),
        ("numpy", "load", Severity.CRITICAL),
        ("torch.hub", "load", Severity.CRITICAL),
        ("keras.src.utils.file_utils", "get_file", Severity.CRITICAL),
        ("keras.config", "enable_unsafe_deserialization", Severity.CRITICAL),
        ("keras.utils.module_utils", "os.system", Severity.CRITICAL),
        ("keras.utils", "to_categorical", Severity.HIGH),
        ("evil.layers", "Attention", Severity.MEDIUM),
        ("__main__", "swish2", Severity.LOW),
        ("keras.src.models.functional", "Functional", Severity.INFO),
        ("builtins", "slice", Severity.INFO),
    ],
)
def test_names_are_judged(module: str, name: str, severity: Severity) -> None:
    assert judge(module, name)[0] is severity


def test_names_are_taken_from_entries() -> None:
    told = {"module": "keras.ops", "class_name": "function", "config": "sqrt"}
    assert module_of(told) == ("keras.ops", "sqrt")
    assert module_of({"module": "m", "function": "f"}) == ("m", "f")
    assert module_of({"class_name": "Dense"}) == ("", "")
    assert registered({"registered_name": "Mine>Own"}) == ("__main__", "Own")
    assert registered({"registered_name": "os>system"}) == ("os", "system")
