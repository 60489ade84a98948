"""Copies of a model that share its weights and work on parts of a batch side by side, one core each.

Two copies of one thread outrun one model on two threads, most of all where something else runs on the machine.
"""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch


class Crew:
    """`loss(model, *part)` -> scalar, the mean over that part of the batch."""

    def __init__(self, model: torch.nn.Module, loss: Callable[..., torch.Tensor], workers: int):
        self.copies = [model, *(copy.deepcopy(model) for _ in range(workers - 1))]
        for other in self.copies[1:]:
            for its, shared in zip(other.parameters(), model.parameters(), strict=True):
                its.data = shared.data
        self.loss, self.pool = loss, ThreadPoolExecutor(workers)

    def backward(self, *batch: torch.Tensor) -> float:
        """The loss of a batch, tensors of one length; its gradients are left in the model, in place of older ones.

        The batch may lie anywhere; it is brought to where the model is.
        """
        device, whole = next(self.copies[0].parameters()).device, len(batch[0])
        for model in self.copies:
            model.zero_grad()
        parts = zip(*(tensor.to(device).chunk(len(self.copies)) for tensor in batch), strict=True)
        losses = list(self.pool.map(lambda model, part: self._work(model, part, whole), self.copies, parts))
        for other in self.copies[1:]:
            for its, kept in zip(other.parameters(), self.copies[0].parameters(), strict=True):
                if its.grad is not None:
                    kept.grad.add_(its.grad)
        return sum(losses)

    def _work(self, model: torch.nn.Module, part: tuple[torch.Tensor, ...], whole: int) -> float:
        loss = self.loss(model, *part) * len(part[0]) / whole
        loss.backward()
        return loss.item()
