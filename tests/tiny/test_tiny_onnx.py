"""The tiny model's parts leave PyTorch: exported to ONNX they say the same."""

import numpy as np
import onnxruntime
import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor2_0

from demo.tiny import denoiser, fused, parts


class Called(torch.nn.Module):
    """A part behind one function that returns a tensor."""

    def __init__(self, part: torch.nn.Module, call):
        super().__init__()
        self.part, self.call = part, call

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        return self.call(self.part, *given)


def exported() -> dict[str, tuple[Called, tuple[torch.Tensor, ...]]]:
    torch.manual_seed(0)
    model, side = denoiser.Model(40), parts.SIZE // parts.FOLD
    model.unet.set_attn_processor(AttnProcessor2_0())
    fused.slow_down(model.unet)
    latents, words = torch.randn(2, parts.CHANNELS, side, side), torch.randn(2, parts.LENGTH, parts.WIDTH)
    ids = torch.randint(0, 40, (2, parts.LENGTH))
    return {
        "denoiser": (Called(model.unet, lambda unet, x, t, w: unet(x, t, w)[0]), (latents, torch.tensor(500.0), words)),
        "decoder": (Called(parts.autoencoder(), lambda vae, z: vae.decode(z).sample), (latents,)),
        "text encoder": (Called(model.text_encoder, lambda encoder, i: encoder(i)[0]), (ids,)),
    }


@pytest.mark.parametrize("name", ["denoiser", "decoder", "text encoder"])
def test_an_exported_part_says_what_pytorch_says(name, tmp_path):
    part, given = exported()[name]
    path = str(tmp_path / "part.onnx")
    with torch.inference_mode():
        twin = part.eval()(*given).numpy()
    torch.onnx.export(part, given, path, dynamo=True, opset_version=18, verbose=False)
    session = onnxruntime.InferenceSession(path)
    inputs = {slot.name: tensor.numpy() for slot, tensor in zip(session.get_inputs(), given, strict=True)}
    assert np.abs(session.run(None, inputs)[0] - twin).max() < 1e-4 * max(1.0, np.abs(twin).max())
