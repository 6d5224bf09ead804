"""TRL's SFTTrainer with LoRA, set up by `train:` in params.yaml."""

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from slm_factory.student import model
from slm_factory.training import automatic, launch, packing, quantization
from slm_factory.training.batches import Collator
from slm_factory.training.checkpoints import saves_callback
from slm_factory.training.curves import curves_callback
from slm_factory.training.loss import trainer_class
from slm_factory.training.order import Order, filled
from slm_factory.training.rows import Encoded
from slm_factory.training.settings import TrainSettings

LOGS_PER_EPOCH, MOST_STEPS_PER_LOG = 4, 25


def load_base(settings: TrainSettings, place: Path, *, trust_remote_code: bool = False) -> Any:
    """The student in `place` on the fastest device, its weights in 4 bits for QLoRA."""
    device = model.find_device()
    dtype = model.find_dtype(device)
    return model.load_model(
        place,
        device="cpu" if launch.shards() else device,
        dtype=dtype,
        trust_remote_code=trust_remote_code,
        quantization=quantization.nf4(dtype) if settings.qlora else None,
    )


def lora(settings: TrainSettings) -> Any:
    """PEFT's configuration: LoRA on every linear layer but the head."""
    from peft import LoraConfig

    return LoraConfig(
        task_type="CAUSAL_LM",
        target_modules="all-linear",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        use_rslora=settings.rslora,
        use_dora=settings.dora,
    )


def has_liger(network: Any) -> bool:
    """Whether Liger has kernels for this model that load here: CUDA, the package, a family that it knows."""
    if network.device.type != "cuda" or find_spec("liger_kernel") is None:
        return False
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    return network.config.model_type in MODEL_TYPE_TO_APPLY_LIGER_FN


def arguments(
    settings: TrainSettings,
    checkpoints: Path,
    *,
    device: str,
    has_valid: bool,
    batch_size: int,
    steps_per_epoch: int,
    liger: bool,
) -> Any:
    """TRL's configuration: everything that decides the result comes from `settings`, free of `auto`."""
    from trl import SFTConfig

    assert settings.epochs != "auto" and settings.learning_rate != "auto"
    on_cuda = device == "cuda"
    return SFTConfig(
        output_dir=str(checkpoints),
        max_length=settings.max_length,
        dataset_kwargs={"skip_prepare_dataset": True},
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=launch.rows_per_process(batch_size, launch.processes()),
        per_device_eval_batch_size=launch.rows_per_process(settings.batch_size, launch.processes()),
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=int(settings.warmup_share * settings.epochs * steps_per_epoch),
        weight_decay=0.0,
        neftune_noise_alpha=settings.neftune_alpha or None,
        gradient_checkpointing=settings.gradient_checkpointing,
        use_cpu=device == "cpu",
        bf16=model.has_fast_bfloat16(device),
        use_liger_kernel=liger,
        liger_kernel_config={"cross_entropy": False, "fused_linear_cross_entropy": False} if liger else None,
        eval_strategy="epoch" if has_valid else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=has_valid,
        metric_for_best_model="eval_loss" if has_valid else None,
        greater_is_better=False if has_valid else None,
        restore_callback_states_from_checkpoint=True,
        logging_steps=max(1, min(MOST_STEPS_PER_LOG, steps_per_epoch // LOGS_PER_EPOCH)),
        logging_nan_inf_filter=not on_cuda,  # it would wait for the GPU at every step
        disable_tqdm=True,
        report_to="none",
        ddp_find_unused_parameters=False,  # every step uses the whole adapter
        dataloader_pin_memory=on_cuda,
        dataloader_num_workers=2 if on_cuda else 0,  # a GPU should not wait for lists to become tensors
        seed=settings.seed,
        data_seed=settings.seed,
    )


def make_trainer(
    settings: TrainSettings,
    network: Any,
    tokenizer: Any,
    rows: Encoded,
    checkpoints: Path,
    curves: Path,
) -> Any:
    """TRL's SFTTrainer over LoRA on the base `network`, with early stopping where there are valid rows.

    Raises:
        UserError: packing was asked for and the network would let packed rows see each other.
    """
    model.quiet_transformers()
    from datasets import Dataset, disable_progress_bars
    from transformers import EarlyStoppingCallback, PrinterCallback

    disable_progress_bars()
    settings = automatic.resolve(settings, network.num_parameters(), len(rows["train"]))
    if packing.is_worth_packing(settings.packing, network, len(rows["train"])):
        data = packing.pack(rows["train"], settings.max_length)
        batch_size = packing.packs_per_step(
            len(rows["train"]), len(data), settings.batch_size, launch.processes()
        )
    else:
        data, batch_size = Dataset.from_list(rows["train"]), settings.batch_size
    lengths = [len(row) for row in data["input_ids"]]
    callbacks = [saves_callback(), *([curves_callback(curves)] if launch.is_main() else [])]
    if rows["valid"]:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=settings.patience))
    trainer = trainer_class(settings.prompt_loss_weight)(
        order=Order(lengths, batch_size, settings.seed),
        model=network,
        args=arguments(
            settings,
            checkpoints,
            device=model.find_device(),
            has_valid=bool(rows["valid"]),
            batch_size=batch_size,
            steps_per_epoch=math.ceil(len(data) / batch_size),
            liger=settings.liger == "auto" and has_liger(network),
        ),
        train_dataset=filled(data, batch_size),
        eval_dataset=filled(Dataset.from_list(rows["valid"]), settings.batch_size) if rows["valid"] else None,
        data_collator=Collator(tokenizer.pad_token_id, learns_prompts=settings.prompt_loss_weight > 0),
        processing_class=tokenizer,
        peft_config=lora(settings),
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer
