"""Memory and time that training will take, before it is started, by arithmetic on the student's shape."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from slm_factory.training.shape import Shape
from slm_factory.training.throughput import Throughput

# Bytes of a weight. NF4 with double quantisation: 4 bits, 0.127 for the constants (Dettmers et al. 2023, §3).
WEIGHT_BYTES = {"float32": 4.0, "bfloat16": 2.0, "nf4": 4.127 / 8}
ADAPTER_BYTES = 4  # PEFT keeps the adapter in float32
# What a process holds before its first tensor: interpreter and libraries; on a GPU context and workspaces.
OVERHEAD = {"cpu": 0.85e9, "cuda": 0.7e9}
TOUCHES = 6  # times that a kept activation is written or read in a step: forward twice, backward four times
CALL_SECONDS = 7e-6  # that Python and torch take to start one kernel
CALLS_PER_LAYER = 450  # kernels of a layer with its adapters, forward and backward


@dataclass(frozen=True)
class Batch:
    """The rows of one optimiser step on one device."""

    rows: int
    tokens: int  # of its longest row; the others are padded to it
    learned: int  # answer tokens of all rows: only for them are logits made


@dataclass(frozen=True)
class Compute:
    """How one device holds and multiplies weights."""

    device: str  # cuda, mps or cpu
    weights: str  # a key of WEIGHT_BYTES
    is_bfloat16: bool  # whether products are computed in bfloat16, by autocast

    @property
    def width(self) -> int:
        """Bytes of one activation."""
        return 2 if self.is_bfloat16 else 4


@dataclass(frozen=True)
class Memory:
    """Bytes on one device at the peak of a step."""

    weights: float
    adapter: float  # with its gradients and Adam's two moments
    activations: float
    logits: float
    overhead: float

    @property
    def total(self) -> float:
        """Bytes of all."""
        return sum(getattr(self, field.name) for field in fields(self))


def memory(
    shape: Shape,
    batch: Batch,
    compute: Compute,
    *,
    rank: int,
    gradient_checkpointing: bool = False,
    processes: int = 1,
    is_sharded: bool = False,
) -> Memory:
    """What one of `processes` devices holds at the peak: the end of the forward pass, with its logits.

    `batch` is what one device computes. Sharded (FSDP), weights and the adapter's states are divided, and one
    layer is whole at a time; otherwise (DDP) each device has all, and buckets for the exchange of gradients.
    """
    shards = processes if is_sharded else 1
    each = WEIGHT_BYTES[compute.weights]
    others = WEIGHT_BYTES["bfloat16"] if compute.weights == "nf4" else each  # embeddings are not quantised
    weights = each * shape.linear_parameters + others * shape.embedding_parameters
    states = 4 if processes == 1 or is_sharded else 5  # weights, gradients, two moments; buckets
    whole = weights / shape.layers if is_sharded else 0.0
    return Memory(
        weights=weights / shards + whole,
        adapter=states * ADAPTER_BYTES * shape.adapter_parameters(rank) / shards,
        activations=activations(shape, batch, compute, rank, gradient_checkpointing),
        logits=logits(shape, batch, compute),
        overhead=OVERHEAD.get(compute.device, OVERHEAD["cpu"]),
    )


def activations(shape: Shape, batch: Batch, compute: Compute, rank: int, is_checkpointed: bool) -> float:
    """Bytes that the backward pass needs of the forward pass.

    With checkpointing, the input of each layer and all of one layer (Chen et al. 2016).
    """
    tokens = batch.rows * batch.tokens
    layer = tokens * layer_bytes(shape, compute, rank, batch.tokens)
    if compute.is_bfloat16 and compute.weights == "float32":  # autocast keeps a copy of each frozen weight
        layer += compute.width * shape.linear_parameters / shape.layers
    if is_checkpointed:
        return layer + shape.layers * tokens * shape.hidden * compute.width
    return shape.layers * layer


def layer_bytes(shape: Shape, compute: Compute, rank: int, length: int) -> float:
    """Bytes per token that one layer keeps for the backward pass, with LoRA on frozen linear modules.

    Counted as Korthikanti et al. 2022 (§4.1) do, for modern layers: norms keep their input in float32, the
    MLP its products, fused attention queries, keys and values of all heads with its output and the mask, an
    adapter its own copy of the input where autocast made one. tests/training/test_estimate.py counts the
    tensors that autograd really keeps.
    """
    hidden, queries, width = shape.hidden, shape.queries, compute.width
    norms = 4 * shape.norms * hidden if shape.is_gated else width * shape.norms * hidden  # LayerNorm: fused
    if shape.has_query_norm:
        norms += 4 * (queries + shape.keys)
    entering = sum(inputs for inputs, _ in shape.linears) - shape.feed_forward  # into all but the last
    if compute.is_bfloat16:
        inputs, attention = entering, 4 * queries
    else:
        inputs, attention = (1 + shape.is_gated) * hidden + queries, 3 * queries
    products = 4 if shape.is_gated else 5  # gate, up, activation, product; GELU by its tanh formula
    kept = inputs + attention + products * shape.feed_forward + length + rank * len(shape.linears)
    return norms + width * kept


def logits(shape: Shape, batch: Batch, compute: Compute) -> float:
    """Bytes of the logits of answer tokens: as projected, in float32, their log softmax and its gradient."""
    return shape.vocabulary * batch.learned * (compute.width % 4 + 3 * 4.0)


def step_flops(shape: Shape, batch: Batch, rank: int, is_checkpointed: bool) -> float:
    """Floating-point operations of forward and backward pass over one batch.

    Two per weight and token in the forward pass (Kaplan et al. 2020, §2.1), two for the gradient of its
    input; frozen weights need none of their own. Attention scores every pair of tokens, masked ones too.
    """
    tokens = batch.rows * batch.tokens
    forward = 2 * shape.linear_parameters + 4 * shape.layers * batch.tokens * shape.queries
    backward = 2 * shape.linear_parameters + 8 * shape.layers * batch.tokens * shape.queries
    adapter = 6 * shape.adapter_parameters(rank)
    head = 4 * shape.vocabulary * shape.hidden * batch.learned
    return tokens * (forward * (1 + is_checkpointed) + backward + adapter) + head


def step_seconds(
    shape: Shape,
    batch: Batch,
    compute: Compute,
    speed: Throughput,
    *,
    rank: int,
    gradient_checkpointing: bool = False,
) -> float:
    """Wall seconds of one step on one device: its products, memory traffic and the start of kernels."""
    kept = shape.layers * batch.rows * batch.tokens * layer_bytes(shape, compute, rank, batch.tokens)
    traffic = TOUCHES * (kept + logits(shape, batch, compute))
    flops = step_flops(shape, batch, rank, gradient_checkpointing)
    work = flops / speed.flops + traffic / speed.bytes
    calls = shape.layers * CALLS_PER_LAYER * CALL_SECONDS
    return max(work, calls) if compute.device == "cuda" else work + calls  # a GPU works while Python calls


def batches(sizes: Sequence[tuple[int, int]], size: int) -> list[Batch]:
    """Rows of (tokens, learned tokens) in batches of `size` of like length; the longest first."""
    rows = sorted(sizes, reverse=True)
    return [batch_of(rows[start : start + size]) for start in range(0, len(rows), size)]


def batch_of(rows: Sequence[tuple[int, int]]) -> Batch:
    """The batch of rows of (tokens, learned tokens)."""
    return Batch(len(rows), max(length for length, _ in rows), sum(learned for _, learned in rows))
