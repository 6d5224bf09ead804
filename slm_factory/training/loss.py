"""SFTTrainer with our loss: of answers, and of prompts by a weight, projected nowhere else."""

from pathlib import Path
from typing import Any

from slm_factory.student.chat import IGNORED
from slm_factory.training.order import EpochOrder


def trainer_class(prompt_weight: float) -> Any:
    """A subclass of TRL's SFTTrainer that trains on the batches of `Collator`, and resumes within an epoch.

    A token of a prompt counts `prompt_weight` times as much as one of an answer; the valid loss is that of
    answers alone, so that it can be compared whatever the weight.

    Only hidden states from which something is learned reach the head: projecting all to the vocabulary,
    system prompt and padding included, takes most of the time of a small model and most of the memory of a
    large one.
    """
    import torch
    from trl import SFTTrainer

    class AnswerTrainer(SFTTrainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            prompts = inputs.pop("prompt_labels", None)
            labels = inputs.pop("labels")[:, 1:]  # (batch, tokens - 1); position t foretells token t + 1
            is_answer = labels != IGNORED
            if prompts is not None and model.training:
                labels = torch.where(is_answer, labels, prompts[:, 1:])
            # Before the forward pass: to look for them after it would wait until the GPU has done it.
            places = (labels != IGNORED).nonzero(as_tuple=True)
            targets, weights = labels[places], torch.where(is_answer[places], 1.0, prompt_weight)
            outputs = self.projected(model, inputs, places)  # logits: (learned tokens, vocabulary)
            losses = torch.nn.functional.cross_entropy(outputs.logits.float(), targets, reduction="none")
            total = weights.sum() if num_items_in_batch is None else num_items_in_batch
            loss = (losses * weights).sum() / total
            if self.args.average_tokens_across_devices and num_items_in_batch is not None:
                loss = loss * self.accelerator.num_processes  # DDP takes the mean over processes
            return (loss, outputs) if return_outputs else loss

        def projected(self, model: Any, inputs: Any, places: Any) -> Any:
            """The model's outputs, whose head saw its input, (batch, tokens, width), at `places` only."""
            head = self.accelerator.unwrap_model(model).get_output_embeddings()
            hook = head.register_forward_pre_hook(lambda _, given: (given[0][places],))
            try:
                return model(**inputs, use_cache=False)
            finally:
                hook.remove()

        def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> Any:
            answers: Any = super()._get_num_items_in_batch(batch_samples, device)
            if answers is None or prompt_weight == 0:
                return answers
            batches = [{"labels": batch["prompt_labels"]} for batch in batch_samples]
            prompts: Any = super()._get_num_items_in_batch(batches, device)
            return answers + prompt_weight * prompts

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            self.order = EpochOrder(super()._get_train_sampler(train_dataset))
            if self.resumed is not None:
                self.order.load(self.resumed, self.args.process_index)
            return self.order

        def train(self, resume_from_checkpoint: Any = None, *arguments: Any, **options: Any) -> Any:
            self.resumed = Path(resume_from_checkpoint) if resume_from_checkpoint else None
            return super().train(resume_from_checkpoint, *arguments, **options)

        def _load_rng_state(self, checkpoint: Any) -> None:
            super()._load_rng_state(checkpoint)
            self.order.resumed = None  # at the start of an epoch this comes before its order is drawn

        def _save_rng_state(self, output_dir: str) -> None:
            super()._save_rng_state(output_dir)
            self.order.save(Path(output_dir), self.args.process_index)

    return AnswerTrainer
