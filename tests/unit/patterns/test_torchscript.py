"""Operators are found as the serialiser prints them, and as the bytecode pickles them."""

from pratique.patterns.torchscript import operators


def names(source: str, *, bytecode: bool = False) -> list[str]:
    return [f"{op.space}::{op.name}" for op in operators(source, bytecode=bytecode)]


def test_source() -> None:
    source = """
x = torch.add(x, 1)  # torch.save(x)
y = ops.torchvision.nms(x)
z = torch.jit.fork(x)
_0 = "torch.save(1)" + 'a'
q = __torch__.torch.classes.quantized.Params
r = rpc_sync("w", x)
s = torch . \\
  save (x, "f")
""".replace("\\\n", "\n")
    assert names(source) == [
        "aten::add",
        "torchvision::nms",
        "jit::fork",
        "quantized::Params",
        "prim::rpc_sync",
        "aten::save",
    ]


def test_bytecode() -> None:
    body = "X\x09\0\0\0aten::addX\0\0\0\0\x8c\x0aaten::saveVimage::read_file\n"
    body += "__torch__.torch.classes.engine.Plan"
    assert names(body, bytecode=True) == [
        "aten::add",
        "aten::save",
        "image::read_file",
        "engine::Plan",
    ]
    assert names("X\xff\xff\0\0aten::add\x8c", bytecode=True) == []
