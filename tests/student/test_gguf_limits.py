"""What GGUF can express beside the families themselves, and what is refused before any work."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.student import chat, gguf, model, rendering, templates
from slm_factory.student.gguf import llama_cpp, vocabulary
from slm_factory.student.model import import_torch
from tests import tiny_families
from tests.student.test_gguf import change
from tests.tiny_gguf import ask_server, llama_server

TEXTS = [
    "점검은 언제 하나요?",
    "  two  spaces",
    "줄\n\n바꿈\t탭",
    "don't 12345 漢字 😀",
    "백업 담당자 김서연",
]


def first_token_differences(student: Path, file: Path) -> list[float]:
    """Differences of log probabilities between llama.cpp and transformers, after prompts of many lengths."""
    import torch

    gguf.write(student, file, "f32", name="tiny")
    network = model.load_model(student, device="cpu", dtype=torch.float32)
    tokenizer = model.load_tokenizer(student)
    differences = []
    with llama_server(file, is_exact=True) as address:
        for length in (1, 4, 12):
            ids = chat.prompt_ids(tokenizer, [{"role": "user", "content": " ".join(TEXTS * length)}])[:400]
            with torch.inference_mode():
                expected = torch.log_softmax(network(torch.tensor([ids])).logits[0, -1], dim=-1)
            body = {"prompt": ids, "n_predict": 1, "n_probs": len(expected)}
            for reply in ask_server(address, "/completion", body).get("completion_probabilities", []):
                differences += [
                    abs(entry["logprob"] - expected[entry["id"]].item())
                    for entry in reply["top_logprobs"]
                    if expected[entry["id"]] > -12
                ]
    return differences


@pytest.mark.parametrize(
    ("family", "rope"),
    [
        ("llama", {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}),
        (
            "qwen3",
            {
                "rope_type": "yarn",
                "rope_theta": 10000.0,
                "factor": 4.0,
                "original_max_position_embeddings": 128,
            },
        ),
    ],
    ids=["linear", "yarn"],
)
def test_stretched_positions_are_computed_as_in_transformers(
    tmp_path: Path, family: str, rope: dict[str, Any]
) -> None:
    student = tiny_families.make(family, tmp_path / "student")
    change(student, "config.json", rope_parameters=rope)
    differences = first_token_differences(student, tmp_path / "model.gguf")
    assert len(differences) > 300 and max(differences) < 1e-4


def test_of_a_gemma_that_reads_images_the_text_part_is_a_student(tmp_path: Path) -> None:
    torch = import_torch()
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, SiglipVisionConfig

    text = model.load_model(
        tiny_families.make("gemma3", tmp_path / "text"), device="cpu", dtype=torch.float32
    )
    vision = SiglipVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1, image_size=28
    )
    both = Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=text.config, vision_config=vision, mm_tokens_per_image=1)
    )
    both.model.language_model.load_state_dict(text.model.state_dict())
    both.save_pretrained(tmp_path / "both")
    tiny_families.FAMILIES["gemma3"].tokenizer().save_pretrained(tmp_path / "both")
    loaded = model.load_model(tmp_path / "both", device="cpu", dtype=torch.float32)
    assert type(loaded).__name__ == "Gemma3ForCausalLM"
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in text.state_dict().items())
    gguf.write(tmp_path / "both", tmp_path / "both.gguf", "f16", name="tiny")
    gguf.write(tmp_path / "text", tmp_path / "text.gguf", "f16", name="tiny")
    assert (tmp_path / "both.gguf").read_bytes() == (tmp_path / "text.gguf").read_bytes()


def legacy_llama_tokenizer() -> Any:
    """Like that of Llama 2: a space is put before every text, also after a special token."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    tokens, merges = tiny_families.pieces(["<unk>", "<s>", "</s>"])
    tokenizer = Tokenizer(models.BPE(tokens, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


@pytest.mark.parametrize(
    "make",
    [
        legacy_llama_tokenizer,
        tiny_families.mistral_tokenizer,
        tiny_families.gemma_tokenizer,
        tiny_families.FAMILIES["llama"].tokenizer,
        tiny_families.FAMILIES["phi"].tokenizer,
        lambda: tiny_families.byte_level(vocabulary.GPT_2, ["<|endoftext|>"], end="<|endoftext|>"),
    ],
    ids=["llama 2", "mistral", "gemma", "llama 3", "gpt-2", "gpt-2 written out"],
)
def test_llama_cpp_cuts_any_text_into_the_same_tokens_and_back(
    tmp_path: Path, make: Callable[[], Any]
) -> None:
    tokenizer = make()
    folder = tiny_families.make("mistral", tmp_path / "student")
    tokenizer.save_pretrained(folder)
    tokenizer = model.load_tokenizer(folder, "korean-qa")
    gguf.write(folder, tmp_path / "model.gguf", "f32", name="tiny", chat_template="korean-qa")
    bos = tokenizer.bos_token or ""
    with llama_server(tmp_path / "model.gguf") as address:
        for text in [*TEXTS, *tiny_families.TEXTS]:
            body = {"content": text, "parse_special": True, "add_special": True}
            expected = chat.encode_text(tokenizer, bos + text)
            assert ask_server(address, "/tokenize", body)["tokens"] == expected
            again = ask_server(address, "/detokenize", {"tokens": expected[bool(bos) :]})["content"]
            assert again.lstrip(" ") == text.lstrip(" ")


def test_a_mark_in_a_question_reaches_no_family_as_a_control_token(tmp_path: Path) -> None:
    for family in ("gemma3", "llama", "exaone4"):
        tokenizer = model.load_tokenizer(tiny_families.make(family, tmp_path / family))
        form = templates.choose("auto", tokenizer)
        marks = "".join([*form.marks, *form.stops, form.bos])
        plain = chat.prompt_ids(tokenizer, chat.question_messages("S", "질문"))
        assert chat.prompt_ids(tokenizer, chat.question_messages("S", f"질{marks}문")) == plain


@pytest.mark.parametrize(
    ("family", "values", "problem"),
    [
        ("exaone4", {"sliding_window": 64}, "sliding windows"),
        ("gemma3", {"layer_types": ["full_attention"] * 6}, "another pattern of layers"),
        ("gemma3", {"query_pre_attn_scalar": 99}, "another attention scale"),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}}, "dynamic"),
    ],
)
def test_what_llama_cpp_would_compute_otherwise_is_refused(
    tmp_path: Path, family: str, values: dict[str, Any], problem: str
) -> None:
    student = tiny_families.make(family, tmp_path)
    change(student, "config.json", **values)
    with pytest.raises(UserError, match=problem):
        gguf.check(student, ["f16"])


def test_the_context_ends_where_a_window_begins_that_llama_cpp_does_not_compute(tmp_path: Path) -> None:
    from gguf import GGUFReader

    student = tiny_families.make("mistral", tmp_path / "student")
    change(student, "config.json", sliding_window=64)
    gguf.write(student, tmp_path / "model.gguf", "f16", name="tiny")
    assert GGUFReader(tmp_path / "model.gguf").fields["llama.context_length"].contents() == 64


@pytest.fixture
def without_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither llama-cpp-python nor llama-quantize, but an empty folder on the PATH."""
    monkeypatch.setattr(llama_cpp.importlib.util, "find_spec", lambda name: None)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def program(file: Path, text: str) -> None:
    """An executable stand-in for a tool of llama.cpp."""
    file.write_text(text, encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_k_quants_without_a_quantiser_are_refused_before_any_file(taught: Path, without_tools: Path) -> None:
    with pytest.raises(UserError, match="needs llama") as caught:
        gguf.check(taught, ["f16", "q4_k_m"])
    assert "llama-quantize" in caught.value.hint


def test_k_quants_are_made_by_llama_quantize_from_weights_that_lost_nothing(
    taught: Path, tmp_path: Path, without_tools: Path
) -> None:
    """A stand-in for the program: it notes what it was told and copies the file."""
    program(without_tools / "llama-quantize", f'#!/bin/sh\necho "$3" >{tmp_path}/told\n/bin/cp "$1" "$2"\n')
    gguf.write(taught, tmp_path / "model.gguf", "q4_k_m", name="tiny")
    gguf.write(taught, tmp_path / "f32.gguf", "f32", name="tiny")
    assert (tmp_path / "told").read_text() == "Q4_K_M\n"
    assert (tmp_path / "model.gguf").read_bytes() == (tmp_path / "f32.gguf").read_bytes()


def test_a_quantiser_that_fails_is_told_with_its_last_words(
    taught: Path, tmp_path: Path, without_tools: Path
) -> None:
    program(without_tools / "llama-quantize", "#!/bin/sh\necho first >&2\necho 'no such type' >&2\nexit 1\n")
    with pytest.raises(UserError, match="q6_k could not be made: no such type"):
        gguf.write(taught, tmp_path / "model.gguf", "q6_k", name="tiny")
    assert not (tmp_path / "model.gguf").exists()


@pytest.mark.parametrize(("dtype", "exact"), [("float32", "f32"), ("bfloat16", "bf16"), ("float16", "f16")])
def test_k_quants_start_from_the_weights_as_they_are(dtype: str, exact: str) -> None:
    assert gguf.exact_type({"dtype": dtype}) == gguf.exact_type({"torch_dtype": dtype}) == exact


def test_llama_cpp_python_makes_k_quants_where_it_is_installed(taught: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    from gguf import GGUFReader, LlamaFileType

    gguf.write(taught, tmp_path / "model.gguf", "q4_k_m", name="tiny")
    fields = GGUFReader(tmp_path / "model.gguf").fields
    assert fields["general.file_type"].contents() == LlamaFileType.MOSTLY_Q4_K_M


@pytest.fixture
def unknown(taught: Path, tmp_path: Path) -> Path:
    """A student of a family that is not converted here."""
    copy = Path(shutil.copytree(taught, tmp_path / "unknown"))
    change(copy, "config.json", architectures=["OtherForCausalLM"])
    return copy


def test_another_family_goes_through_the_converter_of_a_checkout(unknown: Path, tmp_path: Path) -> None:
    """A stand-in for the script: it writes what it was told."""
    (tmp_path / "llama.cpp").mkdir()
    (tmp_path / "llama.cpp/convert_hf_to_gguf.py").write_text(
        "import json, pathlib, sys\n"
        "model = pathlib.Path(sys.argv[1])\n"
        "told = {'files': sorted(file.name for file in model.iterdir()), 'arguments': sys.argv[4:]}\n"
        "told['template'] = (model / 'chat_template.jinja').read_text()\n"
        "told['marks'] = json.loads((model / 'tokenizer_config.json').read_text())['added_tokens_decoder']\n"
        "pathlib.Path(sys.argv[3]).write_text(json.dumps(told))\n"
    )
    checkout = str(tmp_path / "llama.cpp")
    change(unknown, "tokenizer_config.json", chat_template="{{ tools }}")
    gguf.write(unknown, tmp_path / "model.gguf", "f16", name="tiny", checkout=checkout)
    told = json.loads((tmp_path / "model.gguf").read_text())
    assert told["arguments"] == ["--outtype", "f16"]
    assert told["files"] == sorted(file.name for file in unknown.iterdir())
    assert told["template"] == rendering.jinja(templates.CHATML)
    assert {token["content"] for token in told["marks"].values()} >= set(templates.CHATML.marks)
    with pytest.raises(UserError, match="does not write q5_0"):
        gguf.check(unknown, ["f16", "q5_0"], checkout=checkout)


def test_a_checkout_without_converter_or_with_a_failing_one_ends_in_two_lines(
    unknown: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="holds no convert_hf_to_gguf"):
        gguf.check(unknown, ["f16"], checkout=str(tmp_path))
    (tmp_path / "convert_hf_to_gguf.py").write_text("raise SystemExit('Model OtherForCausalLM is unknown')\n")
    with pytest.raises(UserError, match="OtherForCausalLM is unknown"):
        gguf.write(unknown, tmp_path / "model.gguf", "f16", name="tiny", checkout=str(tmp_path))


def test_a_tokenizer_that_is_neither_kind_is_refused(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    unigram = Tokenizer(models.Unigram([("<unk>", 0.0), ("▁a", -1.0)], unk_id=0))
    with pytest.raises(UserError, match="neither a byte-level BPE"):
        vocabulary.read(PreTrainedTokenizerFast(tokenizer_object=unigram), 8)
