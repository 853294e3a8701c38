"""The walk over a template's syntax tree. Imports Jinja, which few processes need."""

import re
from collections.abc import Callable, Iterator, Mapping

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from pratique.artifacts.readers.template_fold import Value, fold
from pratique.artifacts.readers.template_size import operands, size, turns
from pratique.artifacts.readers.template_uses import MAX_NODES, MAX_USES, MAX_WORDS, Template, Use


class _Generation(Extension):
    """Parse the `generation` block that transformers adds; what is inside is read as usual."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Return the statements inside the block."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


_ENVIRONMENT = Environment(  # noqa: S701 - nothing is ever rendered
    extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", _Generation],
    trim_blocks=True,
    lstrip_blocks=True,
    cache_size=0,
)
Parser(_ENVIRONMENT, "{% for a in b if c %}{{ a.b['c'] | d }}{% endfor %}").parse()
"""Builds the lexer now: a jailed worker may not be able to import what it needs."""


def parsed(source: str) -> Template:
    """Return what a template of bounded length does; never raises and never renders."""
    try:
        tree = Parser(_ENVIRONMENT, source).parse()
    except TemplateSyntaxError as e:
        return Template(broke=f"is no valid Jinja: {e.message or ''}"[:200], line=e.lineno)
    except (RecursionError, MemoryError):
        return Template(broke="is nested too deep to parse")
    except ValueError as e:  # an integer of more digits than Python reads
        return Template(broke=f"is no valid Jinja: {e}"[:200])
    return _Walk().through(tree)


_LOGIC = (
    nodes.For, nodes.If, nodes.Assign, nodes.Macro, nodes.Import, nodes.Include, nodes.Extends,
    nodes.FromImport, nodes.Filter, nodes.Call, nodes.Mul, nodes.Pow, nodes.Getattr, nodes.Getitem,
)  # fmt: skip


class _Walk:
    """One pass over the tree with a stack of its own: hostile depth costs no recursion."""

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.known: dict[str, Value] = {}
        self.contents: set[str] = set()
        self.dates: set[str] = set()
        self.gates: dict[str, tuple[str, str]] = {}
        self.logic = False

    def through(self, tree: nodes.Template) -> Template:
        broke = ""
        for pass_over in (self._learn, self._judge):
            for count, (node, times) in enumerate(_each(tree, self.known)):
                if count > MAX_NODES or len(self.uses) > MAX_USES:
                    broke = f"does more than {MAX_USES} things: only the first were read"
                    break
                pass_over(node, times)
        return Template(tuple(self.uses), broke, 0, self.logic)

    def _learn(self, node: nodes.Node, _: int) -> None:
        """Remember variables that hold constants, message contents, dates and what tests them."""
        if isinstance(node, nodes.AssignBlock):
            self._learn_block(node)
        elif isinstance(node, nodes.For):
            self._learn_items(node)
        elif isinstance(node, nodes.If):
            self._learn_gated(node)
        elif isinstance(node, nodes.Assign) and _target(node.target):
            self._learn_value(_target(node.target), node.node)

    def _learn_gated(self, node: nodes.If) -> None:
        """Remember what a branch sets that waits for words: a later branch may wait for that."""
        waits = next((w for part in _tests(node.test) if (w := _waits_for(part, self))[0]), None)
        for inner in node.body[:20] if waits is not None else []:
            if isinstance(inner, nodes.Assign) and _target(inner.target):
                self.gates.setdefault(_target(inner.target), waits or ("", ""))

    def _learn_items(self, node: nodes.For) -> None:
        """Remember the first of several constants, for all that a loop goes through."""
        over = fold(node.iter, self.known) if isinstance(node.target, nodes.Name) else None
        if isinstance(over, list) and over and isinstance(over[0], str):
            self.known.setdefault(_target(node.target), over[0])

    def _learn_value(self, name: str, told: nodes.Node) -> None:
        value = fold(told, self.known)
        if value is not None and name not in self.known:
            self.known[name] = value
        if _is_content(told, self.contents):
            self.contents.add(name)
        if _is_date(told, self.dates):
            self.dates.add(name)
        for part in _tests(told):
            waits = _waits_for(part, self)
            if waits[0]:
                self.gates.setdefault(name, waits)

    def _learn_block(self, node: nodes.AssignBlock) -> None:
        """Remember `{% set x %}text{% endset %}` as the constant that it is."""
        parts = [d for body in node.body[:20] for d in body.iter_child_nodes()]
        texts = [d.data for d in parts if isinstance(d, nodes.TemplateData)]
        if isinstance(node.target, nodes.Name) and len(texts) == len(parts):
            self.known.setdefault(node.target.name, "".join(texts)[:MAX_WORDS].strip())

    def _judge(self, node: nodes.Node, times: int) -> None:
        self.logic = self.logic or isinstance(node, _LOGIC)
        for use in _JUDGES.get(type(node), _nothing)(self, node, times):
            self.uses.append(use)

    def text(self, node: nodes.Node) -> str | None:
        value = fold(node, self.known)
        return value if isinstance(value, str) else None


def _target(node: nodes.Node) -> str:
    """Return the variable or namespace field that an assignment sets, empty for several."""
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""


def _each(tree: nodes.Node, known: Mapping[str, Value]) -> Iterator[tuple[nodes.Node, int]]:
    """Yield (node, how often the loops around it run it as far as constants tell)."""
    stack: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while stack:
        node, times = stack.pop()
        yield node, times
        inner = times * turns(node.iter, known) if isinstance(node, nodes.For) else times
        stack.extend((child, min(inner, 1 << 62)) for child in node.iter_child_nodes())


Judge = Callable[["_Walk", nodes.Node, int], Iterator[Use]]


def _nothing(_: _Walk, __: nodes.Node, ___: int) -> Iterator[Use]:
    yield from ()


def _getattr(_: _Walk, node: nodes.Node, __: int) -> Iterator[Use]:
    if isinstance(node, nodes.Getattr):
        yield Use("attribute", node.attr, node.lineno)
        yield Use("call", dotted(node), node.lineno)


def _getitem(walk: _Walk, node: nodes.Node, _: int) -> Iterator[Use]:
    if not isinstance(node, nodes.Getitem) or isinstance(node.arg, nodes.Slice):
        return
    built = not isinstance(node.arg, nodes.Const | nodes.Name)
    name = walk.text(node.arg)
    if name is not None:
        yield Use("attribute", name, node.lineno, built=built)
    elif isinstance(node.arg, nodes.Concat | nodes.Mod) or _joins(node.arg, walk):
        yield Use("attribute", "", node.lineno, detail="a subscript", built=True)


def _joins(node: nodes.Node, walk: _Walk) -> bool:
    """Tell an expression that makes a text; adding integers to find a neighbour is usual."""
    if isinstance(node, nodes.Add):
        return any(walk.text(part) is not None for part in (node.left, node.right))
    return isinstance(node, nodes.Filter) and node.name in {"join", "format", "reverse"}


def _filter(walk: _Walk, node: nodes.Node, _: int) -> Iterator[Use]:
    if not isinstance(node, nodes.Filter | nodes.Test):
        return
    for name in _attribute_names(node, walk):
        text = walk.text(name)
        for part in (text or "").split("."):
            built = text is None or not isinstance(name, nodes.Const | nodes.Name)
            yield Use("attribute", part, node.lineno, f"the filter {node.name}", built)
    yield from _chosen(node, walk)
    if isinstance(node.node, nodes.Call):
        many = turns(node.node, walk.known)
        yield Use("repeat", f"range|{node.name}", node.lineno, count=many)
    if node.name in {"center", "indent", "batch"} and node.args:
        width = fold(node.args[0], walk.known)
        if isinstance(width, int):
            yield Use("repeat", node.name, node.lineno, count=width)


_PLACE = re.compile(
    r"(?:https?://)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,12}(?:[/:?]\S*)?|\S+@\S+\.\S+|0x[0-9a-fA-F]{40}"
    r"|[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[a-z0-9]{20,}"
)


def _chosen(node: nodes.Filter | nodes.Test, walk: _Walk) -> Iterator[Use]:
    """Report messages chosen by a phrase, and addresses that are put in place of others."""
    texts = [walk.text(a) or "" for a in node.args]
    if node.name in {"selectattr", "rejectattr"} and len(texts) > 2 and texts[0] == "content":  # noqa: PLR2004
        yield Use("gate", texts[2][:200], node.lineno, "content:chooses messages that hold it")
    if node.name == "replace" and len(texts) > 1 and _PLACE.fullmatch(texts[1]):
        yield Use("gate", texts[0][:200], node.lineno, f"content:writes instead of it {texts[1]}")


def _attribute_names(node: nodes.Filter | nodes.Test, walk: _Walk) -> Iterator[nodes.Node]:
    """Yield the arguments in which a filter takes the name of an attribute."""
    if node.name == "attr":
        yield from node.args[:1]
        yield from (k.value for k in node.kwargs)
    elif node.name in {"map", "selectattr", "rejectattr", "groupby", "sum", "sort", "unique"}:
        yield from (k.value for k in node.kwargs if k.key in {"attribute", "name"})
        if node.name != "map":
            yield from node.args[:1]
        elif node.args and walk.text(node.args[0]) == "attr":
            yield from node.args[1:2]


def _name(_: _Walk, node: nodes.Node, __: int) -> Iterator[Use]:
    if isinstance(node, nodes.Name) and node.ctx == "load":
        yield Use("name", node.name, node.lineno)


def _import(walk: _Walk, node: nodes.Node, _: int) -> Iterator[Use]:
    target = getattr(node, "template", None)
    text = walk.text(target) if isinstance(target, nodes.Node) else None
    yield Use("import", text or "", node.lineno, type(node).__name__.lower())


def _call(_: _Walk, node: nodes.Node, __: int) -> Iterator[Use]:
    if isinstance(node, nodes.Call):
        name = dotted(node.node)
        if name and not isinstance(node.node, nodes.Getattr):  # those were seen as attributes
            yield Use("call", name, node.lineno)


def _loop(walk: _Walk, node: nodes.Node, times: int) -> Iterator[Use]:
    if isinstance(node, nodes.For):
        many = turns(node.iter, walk.known)
        if many > 1:
            yield Use("loop", "range", node.lineno, count=min(many * times, 1 << 62))


def _arithmetic(walk: _Walk, node: nodes.Node, _: int) -> Iterator[Use]:
    """Report `'a' * 10**9` and `10 ** 10**9`: the renderer would do it in one step."""
    if isinstance(node, nodes.Mod | nodes.Add):
        value = walk.text(node)
        if value is not None:
            yield Use("words", value[:MAX_WORDS], node.lineno, built=True)
    if not isinstance(node, nodes.Mul | nodes.Pow):
        return
    sizes = [size(part, walk.known) for part in (node.left, node.right)]
    if isinstance(node, nodes.Pow):
        yield Use("repeat", "**", node.lineno, count=sizes[1] * max(1, sizes[0].bit_length()))
    elif any(isinstance(p, nodes.Const) and isinstance(p.value, str) for p in operands(node)):
        yield Use("repeat", "*", node.lineno, count=min(sizes[0] * sizes[1], 1 << 62))


def _words(_: _Walk, node: nodes.Node, __: int) -> Iterator[Use]:
    if isinstance(node, nodes.TemplateData) and node.data.strip():
        yield Use("words", node.data[:MAX_WORDS], node.lineno, "written")
    elif isinstance(node, nodes.Const) and isinstance(node.value, str) and node.value.strip():
        wide = _WIDE.search(node.value)
        if wide:
            yield Use("repeat", "format", node.lineno, count=int(wide[1] or wide[2]))
        yield Use("words", node.value[:MAX_WORDS], node.lineno, "constant")
    elif isinstance(node, nodes.Keyword):
        yield Use("words", node.key, node.lineno, "constant")


_WIDE = re.compile(r"%[-+ 0#]*(\d{5,18})|\{[^{}]{0,20}:[^{}]{0,5}?(\d{5,18})")


def _grows(_: _Walk, node: nodes.Node, times: int) -> Iterator[Use]:
    """Report a text that a loop doubles: `a = a ~ a`, sixty times over."""
    if not isinstance(node, nodes.Assign) or times < 2:  # noqa: PLR2004 - no loop around it
        return
    name, own = _target(node.target), 0
    for part in node.node.find_all((nodes.Name, nodes.Getattr)):
        own += dotted(part) == name
    if own > 1 and isinstance(node.node, nodes.Concat | nodes.Add):
        yield Use("repeat", "doubling", node.lineno, count=own ** min(times, 62))


def _concat(walk: _Walk, node: nodes.Node, _: int) -> Iterator[Use]:
    value = walk.text(node)
    if value:
        yield Use("words", value[:MAX_WORDS], node.lineno, "constant", built=True)


def _gate(walk: _Walk, node: nodes.Node, _: int) -> Iterator[Use]:
    """Report branches that wait for words in a message's content, or for a date."""
    if not isinstance(node, nodes.If | nodes.CondExpr):
        return
    for part in _tests(node.test):
        phrase, what = _waits_for(part, walk)
        if phrase:
            yield Use("gate", phrase[:200], node.lineno, f"{what}:{_written(node)}"[:400])


def _tests(test: nodes.Node) -> Iterator[nodes.Node]:
    stack = [test]
    for _ in range(1000):
        if not stack:
            return
        node = stack.pop()
        if isinstance(node, nodes.And | nodes.Or):
            stack += [node.left, node.right]
        elif isinstance(node, nodes.Not):
            stack.append(node.node)
        else:
            yield node


def _waits_for(node: nodes.Node, walk: _Walk) -> tuple[str, str]:
    sides: list[nodes.Node] = []
    if isinstance(node, nodes.Name):
        return walk.gates.get(node.name, ("", ""))
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return walk.gates.get(f"{node.node.name}.{node.attr}", ("", ""))
    if isinstance(node, nodes.Compare):
        sides = [node.expr, *(op.expr for op in node.ops)]
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        compares = node.node.attr in {"startswith", "endswith", "find", "count", "index"}
        sides = [node.node.node, *node.args] if compares else []
    texts = [t for t in map(walk.text, sides) if t and t.strip()]
    if not texts:
        return "", ""
    if any(_is_content(s, walk.contents) for s in sides):
        return texts[0], "content"
    if any(_is_date(s, walk.dates) for s in sides):
        return texts[0], "date"
    return "", ""


_KEEPS = {"lower", "upper", "strip", "lstrip", "rstrip", "trim", "string", "title", "split",
          "capitalize", "casefold", "replace", "safe", "e", "list", "last", "first",
          "join"}  # fmt: skip


def _inner(node: nodes.Node) -> nodes.Node:
    """Take off filters and methods that leave a text recognisable."""
    for _ in range(20):
        if isinstance(node, nodes.Filter) and node.name in _KEEPS and node.node is not None:
            node = node.node
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            if node.node.attr not in _KEEPS:
                return node
            node = node.node.node
        elif isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
            node = node.node
        else:
            return node
    return node


def _is_content(node: nodes.Node, contents: set[str]) -> bool:
    node = _inner(node)
    match node:
        case nodes.Getattr():
            return node.attr in {"content", "text"} or dotted(node) in contents
        case nodes.Getitem():
            return isinstance(node.arg, nodes.Const) and node.arg.value in {"content", "text"}
        case nodes.Filter(name="map"):
            return any(
                k.key == "attribute"
                and isinstance(k.value, nodes.Const)
                and k.value.value == "content"
                for k in node.kwargs
            )
        case nodes.Name():
            return node.name in contents or node.name in {"content", "user_message", "prompt"}
        case _:
            return False


def _is_date(node: nodes.Node, dates: set[str]) -> bool:
    node = _inner(node)
    if isinstance(node, nodes.Call):
        return dotted(node.node) in {"strftime_now", "now", "utcnow", "time"}
    return isinstance(node, nodes.Name) and node.name in dates


_SPACES = re.compile(r"\s+")


def _written(node: nodes.If | nodes.CondExpr) -> str:
    """Return the words that the branch writes itself or puts into a variable."""
    stack: list[nodes.Node] = list(node.body) if isinstance(node, nodes.If) else [node.expr1]
    words: list[str] = []
    for _ in range(500):  # enough to show; a bound for branches inside branches
        if not stack:
            break
        part = stack.pop(0)
        value = getattr(part, "data", getattr(part, "value", None))
        if isinstance(value, str):
            words.append(value)
        stack[:0] = part.iter_child_nodes()
    return _SPACES.sub(" ", " ".join(words)).strip()[:300]


def dotted(node: nodes.Node) -> str:
    """Return `a.b.c` of attributes and constant subscripts over a name, `?` for other bases."""
    parts: list[str] = []
    for _ in range(30):
        match node:
            case nodes.Getattr():
                parts.append(node.attr)
                node = node.node
            case nodes.Getitem() if isinstance(node.arg, nodes.Const):
                parts.append(str(node.arg.value)[:100])
                node = node.node
            case nodes.Call():
                node = node.node
            case nodes.Name():
                return ".".join([node.name, *reversed(parts)])
            case _:
                break
    return ".".join(["?", *reversed(parts)])


_JUDGES: dict[type[nodes.Node], Judge] = {
    nodes.Getattr: _getattr,
    nodes.Getitem: _getitem,
    nodes.Filter: _filter,
    nodes.Test: _filter,
    nodes.Name: _name,
    nodes.Import: _import,
    nodes.FromImport: _import,
    nodes.Include: _import,
    nodes.Extends: _import,
    nodes.Call: _call,
    nodes.For: _loop,
    nodes.Assign: _grows,
    nodes.Mul: _arithmetic,
    nodes.Pow: _arithmetic,
    nodes.Mod: _arithmetic,
    nodes.Add: _arithmetic,
    nodes.Concat: _concat,
    nodes.TemplateData: _words,
    nodes.Const: _words,
    nodes.Keyword: _words,
    nodes.If: _gate,
    nodes.CondExpr: _gate,
}
