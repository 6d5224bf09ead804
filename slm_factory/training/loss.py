"""SFTTrainer with our loss: of answers, and of prompts by a weight, projected nowhere else."""

from typing import Any

from slm_factory.student.chat import IGNORED
from slm_factory.training.order import Order


def trainer_class(prompt_weight: float) -> Any:
    """A subclass of TRL's SFTTrainer that trains on the batches of `Collator`, rows in a given order.

    A token of a prompt counts `prompt_weight` times as much as one of an answer; the valid loss is that of
    answers alone, so that it can be compared whatever the weight. It is the mean over all their tokens: the
    same however rows are batched and spread over processes.

    Only hidden states from which something is learned reach the head: projecting all to the vocabulary,
    system prompt and padding included, takes most of the time of a small model and most of the memory of a
    large one.
    """
    import numpy as np
    import torch
    from transformers.trainer_utils import EvalLoopOutput
    from trl import SFTTrainer

    class AnswerTrainer(SFTTrainer):
        def __init__(self, order: Order, **options: Any) -> None:
            self.order = order
            super().__init__(**options)

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            loss, learned, outputs = self.summed_loss(model, inputs)
            loss = loss / (learned if num_items_in_batch is None else num_items_in_batch)
            if self.args.average_tokens_across_devices and num_items_in_batch is not None:
                loss = loss * self.accelerator.num_processes  # DDP takes the mean over processes
            return (loss, outputs) if return_outputs else loss

        def summed_loss(self, model: Any, inputs: Any) -> Any:
            """(sum of the weighted losses of a batch's tokens, sum of their weights, the model's outputs)."""
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
            return (losses * weights).sum(), weights.sum(), outputs

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

        def evaluation_loop(
            self, dataloader: Any, *arguments: Any, metric_key_prefix: str = "eval", **options: Any
        ) -> Any:
            network: Any = self.model
            network.eval()
            sums = torch.zeros(2, device=self.args.device)  # of losses, of answer tokens
            for inputs in dataloader:
                with torch.no_grad(), self.compute_loss_context_manager():
                    loss, learned, _ = self.summed_loss(network, self._prepare_inputs(inputs))
                sums += torch.stack([loss, learned])
            loss, learned = self.accelerator.reduce(sums, "sum").tolist()
            metrics = {f"{metric_key_prefix}_loss": loss / learned}
            return EvalLoopOutput(np.empty(0), None, metrics, num_samples=len(dataloader.dataset))

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return self.order

    return AnswerTrainer
