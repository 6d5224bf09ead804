"""The adapter as a folder of files."""

import json
from pathlib import Path
from typing import Any

from slm_factory.core import files


def save_adapter(network: Any, student: str, folder: Path, state: Any = None) -> None:
    """Writes `folder`: the same bytes for the same adapter, and no trace of this machine.

    `state` holds the network's weights where it has only a part of them itself.
    """
    with files.replacing_folder(folder) as beside:
        network.save_pretrained(beside, state_dict=state)
        (beside / "README.md").unlink(missing_ok=True)
        file = beside / "adapter_config.json"
        config = json.loads(file.read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = student
        config["target_modules"] = sorted(config["target_modules"])  # a set, which has no order
        files.write_json(file, config)
