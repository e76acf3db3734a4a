"""Numbers are compared with every tensor where torch's own allocator would put it."""

import torch
from torch import nn

from scripts.hub_ready.jobs.load_and_compare import aligned


def mapped(*shape: int) -> torch.Tensor:
    """A tensor that begins where one of a mapped file may begin: at 4 bytes beyond a boundary of 64."""
    memory = torch.empty(torch.Size(shape).numel() + 17)
    start = (-memory.data_ptr() % 64) // 4 + 1
    return memory[start : start + torch.Size(shape).numel()].view(shape).normal_()


def test_every_tensor_is_moved_to_a_boundary_and_keeps_its_values_and_its_ties() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8), nn.BatchNorm1d(8))
    with torch.device("meta"):
        model.append(nn.Linear(8, 8))
    model[0].weight = model[1].weight = nn.Parameter(mapped(8, 8))
    model[2].running_mean = mapped(8)
    before = {name: tensor.clone() for name, tensor in model[:3].state_dict().items()}

    after = aligned(model)[:3]

    assert all(tensor.data_ptr() % 64 == 0 for tensor in (*after.parameters(), *after.buffers()))
    assert all(torch.equal(tensor, before[name]) for name, tensor in after.state_dict().items())
    assert after[0].weight is after[1].weight
