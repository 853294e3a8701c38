"""What is known of callables that configurations name."""

import pytest

from pratique.patterns.callables import Standing, standing

CASES = {
    "torch.nn.Linear": Standing.KNOWN,
    "torch.float16": Standing.KNOWN,
    "torch.manual_seed": Standing.KNOWN,
    "transformers.AutoModel.from_pretrained": Standing.KNOWN,
    "nemo.collections.asr.modules.ConformerEncoder": Standing.KNOWN,
    "builtins.dict": Standing.KNOWN,
    "numpy.arange": Standing.KNOWN,
    "os.path.join": Standing.KNOWN,
    "UNet": Standing.KNOWN,
    "${model.target}": Standing.KNOWN,
    "hydra.utils.get_class": Standing.KNOWN,
    "src.models.net.Net": Standing.UNKNOWN,
    "canary_library.X": Standing.UNKNOWN,
    "torch.load": Standing.ACTING,
    "numpy.load": Standing.ACTING,
    "hydra.utils.instantiate": Standing.ACTING,
    "monai.apps.download_and_extract": Standing.ACTING,
    "os.system": Standing.DANGEROUS,
    "os": Standing.DANGEROUS,
    "eval": Standing.DANGEROUS,
    "subprocess.Popen": Standing.DANGEROUS,
    "builtins.getattr": Standing.DANGEROUS,
    "torch.hub.load": Standing.DANGEROUS,
    "torch.os.system": Standing.DANGEROUS,
    "torch.utils.collect_env.run": Standing.DANGEROUS,
    "os.path.os.system": Standing.DANGEROUS,
    "nemo.core.config.hydra_runner.os.system": Standing.DANGEROUS,
    "nemo.utils.model_utils.import_class_by_path": Standing.DANGEROUS,
    "torch.nn.Linear.__init__.__globals__": Standing.DANGEROUS,
    "transformers.utils.import_utils.importlib": Standing.DANGEROUS,
}


@pytest.mark.parametrize(("target", "told"), CASES.items())
def test_standing(target: str, told: Standing) -> None:
    assert standing(target) is told
