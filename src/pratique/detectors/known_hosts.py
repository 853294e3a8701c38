"""Where packages come from: hosts that publish for everybody, this machine, and bare addresses."""

import re

KNOWN = (
    "163.com", "abetlen.github.io", "alcf.anl.gov", "aliyun.com", "aliyuncs.com", "amd.com",
    "anaconda.org", "apache.org", "astral.sh", "baidu.com", "bcebos.com", "bfsu.edu.cn",
    "bitbucket.org", "codeberg.org", "conda.anaconda.org", "data.pyg.org",
    "developer.download.nvidia.com", "dgl.ai", "douban.com", "download.pytorch.org", "fast.ai",
    "files.pythonhosted.org", "flashinfer.ai", "gitee.com", "github.com", "github.io",
    "githubusercontent.com", "gitlab.com", "h2o.ai", "huaweicloud.com", "huggingface.co",
    "hf.co", "hust.edu.cn", "intel.com", "ivolces.com", "jllllll.github.io", "mirrors.ustc.edu.cn",
    "mlcommons.org", "modelscope.cn", "netease.com", "nju.edu.cn", "nvcr.io", "nvidia.com",
    "openmmlab.com", "openxlab.org.cn", "paddlepaddle.org.cn", "pyg.org", "pypi.ngc.nvidia.com",
    "pypi.nvidia.com", "pypi.org", "pypi.python.org", "python.org", "pythonhosted.org",
    "pytorch-extension.intel.com", "pytorch.org", "rapids.ai", "ray.io", "repo.anaconda.com",
    "repo.radeon.com", "salesforce.com", "sjtu.edu.cn", "storage.googleapis.com", "tencent.com",
    "tencentyun.com", "test.pypi.org", "tuna.tsinghua.edu.cn", "ustc.edu.cn", "volces.com",
    "wheels.vllm.ai", "zju.edu.cn",
    "npmjs.org", "npmjs.com", "npmmirror.com", "yarnpkg.com", "rubygems.org",
)  # fmt: skip
_MACHINE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\]|0x[0-9a-f]+|\d{8,10}")
_PRIVATE = re.compile(r"10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.")
_LOCAL = re.compile(r"127\.|0\.0\.0\.0$|localhost$|\[::1\]$")


def is_known(host: str) -> bool:
    """Tell a host that publishes packages for everybody, or the machine itself."""
    host = host.lower().rstrip(".")
    if _LOCAL.match(host):
        return True
    return any(host == name or host.endswith("." + name) for name in KNOWN)


def is_machine(host: str) -> bool:
    """Tell the public address of a machine in numbers, however they are written."""
    return _MACHINE.fullmatch(host.lower()) is not None and not _PRIVATE.match(host)


def is_local(host: str) -> bool:
    """Tell this machine, and addresses of a network of one's own."""
    return _LOCAL.match(host.lower()) is not None or _PRIVATE.match(host) is not None
