"""llama.cpp's own converter, for a family that is not converted here.

It runs where LLAMA_CPP names a checkout and `sentencepiece` is installed; the source archive of
llama-cpp-python on PyPI holds one, in vendor/llama.cpp.
"""

import json
import os
from pathlib import Path

import pytest

from slm_factory.student import chat, gguf, model
from slm_factory.student.gguf.vocabulary import scores
from slm_factory.student.model import import_torch
from tests import tiny_families
from tests.tiny_families import SHAPE, gemma_tokenizer
from tests.tiny_gguf import ask_server, llama_server
from tests.tiny_student import LESSONS, conversation

CHECKOUT = os.environ.get("LLAMA_CPP", "")
MARKS = {"<pad>": "CONTROL", "<eos>": "CONTROL", "<bos>": "CONTROL", "<unk>": "UNKNOWN"}


@pytest.fixture
def gemma_2(tmp_path: Path) -> Path:
    """A tiny random Gemma 2, whose tokenizer is a SentencePiece model as the real one's."""
    protocol = pytest.importorskip("sentencepiece.sentencepiece_model_pb2")
    torch = import_torch()
    from transformers import Gemma2Config, Gemma2ForCausalLM

    tokenizer = gemma_tokenizer()
    torch.manual_seed(3)
    config = Gemma2Config(
        vocab_size=len(tokenizer),
        num_key_value_heads=2,
        head_dim=32,
        query_pre_attn_scalar=32,
        sliding_window=16,
        **SHAPE,
    )
    tiny_families.with_random_norms(Gemma2ForCausalLM(config)).save_pretrained(tmp_path / "gemma2")
    tokenizer.save_pretrained(tmp_path / "gemma2")
    bpe = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    written = protocol.ModelProto()
    tokens = sorted(bpe["vocab"], key=bpe["vocab"].get)
    for token, score in zip(tokens, scores(tokens, bpe["merges"]), strict=True):
        kind = MARKS.get(token, "BYTE" if token.startswith("<0x") else "NORMAL")
        written.pieces.add(piece=token, score=score, type=written.SentencePiece.Type.Value(kind))
    written.trainer_spec.model_type = protocol.TrainerSpec.BPE
    written.trainer_spec.byte_fallback = True
    for name in ("pad", "eos", "bos", "unk"):
        setattr(written.trainer_spec, f"{name}_id", tokens.index(f"<{name}>"))
    (tmp_path / "gemma2/tokenizer.model").write_bytes(written.SerializeToString())
    return tmp_path / "gemma2"


@pytest.mark.skipif(not CHECKOUT, reason="LLAMA_CPP names no checkout of llama.cpp")
def test_another_family_is_converted_and_computes_and_speaks_as_in_transformers(
    gemma_2: Path, tmp_path: Path
) -> None:
    torch = import_torch()
    gguf.check(gemma_2, ["f32"], checkout=CHECKOUT)
    gguf.write(gemma_2, tmp_path / "model.gguf", "f32", name="tiny", checkout=CHECKOUT)
    tokenizer = model.load_tokenizer(gemma_2)
    network = model.load_model(gemma_2, device="cpu", dtype=torch.float32)
    with llama_server(tmp_path / "model.gguf", is_exact=True) as address:
        for messages in (conversation(question) for question, _ in LESSONS):
            ids = chat.prompt_ids(tokenizer, messages)
            prompt = ask_server(address, "/apply-template", {"messages": messages})["prompt"]
            body = {"content": prompt, "parse_special": True, "add_special": True}
            assert ask_server(address, "/tokenize", body)["tokens"] == ids
            with torch.inference_mode():
                logits = network(torch.tensor([ids])).logits[0, -1]  # (vocabulary,)
            expected = torch.log_softmax(logits, dim=-1)
            body = {"prompt": ids, "n_predict": 1, "n_probs": len(expected), "cache_prompt": False}
            for reply in ask_server(address, "/completion", body).get("completion_probabilities", []):
                found = {entry["id"]: entry["logprob"] for entry in reply["top_logprobs"]}
                likely = [token for token in found if expected[token] > -12]
                wanted = expected[likely].tolist()
                assert [found[token] for token in likely] == pytest.approx(wanted, abs=5e-3)
