"""What the weights file holds, byte by byte: serving runs an older PyTorch than training."""

import pickletools
import zipfile
from pathlib import Path

from inference.contract import WEIGHTS_FILE

ALLOWED = {
    "collections OrderedDict",
    "torch FloatStorage",
    "torch LongStorage",
    "torch._utils _rebuild_tensor_v2",
}
"""Globals of a plain state dict, which `weights_only=True` has accepted since it exists."""

OLDEST_FORMAT = 3
"""Version of the archive that PyTorch 1.6 introduced and that 2.6 reads."""


def test_weights_are_plain_tensors_in_the_old_format(model_dir: Path) -> None:
    """The pickle inside names nothing but tensors and their storage, in the format of 2.6."""
    with zipfile.ZipFile(model_dir / WEIGHTS_FILE) as archive:
        root = archive.namelist()[0].partition("/")[0]
        pickle = archive.read(f"{root}/data.pkl")
        version = int(archive.read(f"{root}/version"))
        compressions = {info.compress_type for info in archive.infolist()}
    named = {
        argument for opcode, argument, _ in pickletools.genops(pickle) if opcode.name == "GLOBAL"
    }
    assert named <= ALLOWED
    assert "torch._utils _rebuild_tensor_v2" in named
    assert not any(opcode.name == "STACK_GLOBAL" for opcode, _, _ in pickletools.genops(pickle))
    assert version == OLDEST_FORMAT
    assert compressions == {zipfile.ZIP_STORED}
