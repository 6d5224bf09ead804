"""What llama.cpp's own tools do: K-quants, and GGUF files of families that are not converted here.

Tools: llama-cpp-python, `llama-quantize` (https://github.com/ggml-org/llama.cpp/tree/master/tools/quantize)
and `convert_hf_to_gguf.py` of a checkout.
"""

import ctypes
import importlib.util
import logging
import shutil
import subprocess
import sys
from pathlib import Path

from slm_factory.core.errors import UserError

# Blocks of 256 weights with scales of their own; rows that do not fill them get a larger type.
K_QUANTS = ("q2_k", "q3_k_s", "q3_k_m", "q3_k_l", "q4_k_s", "q4_k_m", "q5_k_s", "q5_k_m", "q6_k")
CONVERTER = "convert_hf_to_gguf.py"
CONVERTER_TYPES = ("f32", "f16", "bf16", "q8_0")


def check_quantizer(name: str) -> None:
    """Nothing; ends where nobody can make the K-quant `name`.

    Raises:
        UserError: neither llama-cpp-python nor llama-quantize is here.
    """
    if not importlib.util.find_spec("llama_cpp") and not shutil.which("llama-quantize"):
        raise UserError(
            f"error: quantize.types: {name} needs llama.cpp's quantiser, which is not here",
            "hint: pip install llama-cpp-python, put llama-quantize on the PATH, or choose q4_0 or q5_0",
        )


def quantize(source: Path, file: Path, name: str) -> None:
    """Writes the F16 GGUF `source` as the K-quant `name` to `file`.

    Raises:
        UserError: there is no quantiser, or it fails.
    """
    check_quantizer(name)
    if importlib.util.find_spec("llama_cpp"):
        import llama_cpp

        logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)  # it tells every tensor
        parameters = llama_cpp.llama_model_quantize_default_params()
        parameters.ftype = getattr(llama_cpp, file_type_name(name))
        failed = llama_cpp.llama_model_quantize(
            str(source).encode(), str(file).encode(), ctypes.byref(parameters)
        )
        message = f"llama-cpp-python ended with {failed}" if failed else ""
    else:
        message = run(["llama-quantize", str(source), str(file), name.upper()])
    if message or not file.is_file():
        raise UserError(
            f"error: {name} could not be made: {message or 'no file was written'}",
            "hint: choose another type in quantize.types, or another version of llama.cpp",
        )


def file_type_name(name: str) -> str:
    """llama.h's name of a K-quant: LLAMA_FTYPE_MOSTLY_Q4_K_M; Q2_K and Q6_K come in one size only."""
    return f"LLAMA_FTYPE_MOSTLY_{name.upper()}"


def check_converter(checkout: str) -> None:
    """Nothing; ends where the folder `checkout` holds no converter.

    Raises:
        UserError: it does not.
    """
    if not (Path(checkout) / CONVERTER).is_file():
        raise UserError(
            f"error: quantize.llama_cpp: {checkout} holds no {CONVERTER}",
            "hint: git clone https://github.com/ggml-org/llama.cpp and name that folder",
        )


def convert(checkout: str, model: Path, file: Path, type_name: str) -> None:
    """Writes the model in the folder `model` to `file` as one of CONVERTER_TYPES.

    Raises:
        UserError: the converter is missing or fails; its last line is told.
    """
    check_converter(checkout)
    script = str(Path(checkout) / CONVERTER)
    message = run([sys.executable, script, str(model), "--outfile", str(file), "--outtype", type_name])
    if message or not file.is_file():
        raise UserError(
            f"error: llama.cpp's converter failed: {message or 'no file was written'}",
            f"hint: pip install -r {checkout}/requirements.txt, or choose a student of another family",
        )


def run(command: list[str]) -> str:
    """The last line that a failed command said, or nothing when it succeeded."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return ""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
