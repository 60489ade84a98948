"""The tiny model's autoencoder: pixels folded into channels, a linear core that starts as PCA, small residual nets.

Work at full resolution is what costs on a CPU, so none is done: `fold` x `fold` pixels become channels at once, and the
finest convolution runs at twice the side of the latents, or, with `fine=0`, at their own. The face is diffusers':
`encode(x).latents`, `decode(z).sample`.
"""

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.models.modeling_utils import ModelMixin
from torch import nn


class Block(nn.Module):
    """x + two 3x3 convolutions; the second starts at zero, so that a fresh block changes nothing."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(F.silu(self.first(F.silu(self.norm(x)))))


def _silent(convolution: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(convolution.weight)
    nn.init.zeros_(convolution.bias)
    return convolution


def _folded_once(fold: int, coarse: int) -> list[nn.Module]:
    return [nn.PixelUnshuffle(fold), nn.Conv2d(3 * fold**2, coarse, 3, padding=1)]


def _folded_twice(half: int, fine: int, coarse: int) -> list[nn.Module]:
    first = [nn.PixelUnshuffle(round((half / 3) ** 0.5)), nn.Conv2d(half, fine, 3, padding=1), Block(fine)]
    return [*first, nn.PixelUnshuffle(2), nn.Conv2d(4 * fine, coarse, 1)]


def _unfolded_once(coarse: int, fold: int) -> list[nn.Module]:
    return [nn.SiLU(), _silent(nn.Conv2d(coarse, 3 * fold**2, 3, padding=1)), nn.PixelShuffle(fold)]


def _unfolded_twice(coarse: int, fine: int, half: int) -> list[nn.Module]:
    last = [nn.SiLU(), _silent(nn.Conv2d(fine, half, 3, padding=1)), nn.PixelShuffle(round((half / 3) ** 0.5))]
    return [nn.Conv2d(coarse, 4 * fine, 1), nn.PixelShuffle(2), *(Block(fine) for _ in range(3)), *last]


class FoldedAutoencoder(ModelMixin, ConfigMixin):
    """(B, 3, H, W) in [-1, 1] <-> (B, channels, H/fold, W/fold); H and W are multiples of fold."""

    @register_to_config
    def __init__(
        self,
        channels: int = 24,
        coarse: int = 192,
        fine: int = 96,
        scaling_factor: float = 1.0,
        block_out_channels: tuple[int, ...] = (0,) * 5,  # five of them tell the pipeline that a latent is 16 pixels
        fold: int = 16,
        blocks: int = 3,  # at the latents' side, in the decoder; one less in the encoder
    ):
        super().__init__()
        if fold != 2 ** (len(block_out_channels) - 1):
            raise ValueError(f"a fold of {fold} needs {fold.bit_length()} block_out_channels")
        patch, half = 3 * fold**2, 3 * (fold // 2) ** 2
        self.linear_in, self.linear_out = nn.Conv2d(patch, channels, 1), nn.Conv2d(channels, patch, 1)
        self.encoder = nn.Sequential(
            *(_folded_once(fold, coarse) if not fine else _folded_twice(half, fine, coarse)),
            *(Block(coarse) for _ in range(blocks - 1)),
            _silent(nn.Conv2d(coarse, channels, 1)),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(channels, coarse, 3, padding=1),
            *(Block(coarse) for _ in range(blocks)),
            *(_unfolded_once(coarse, fold) if not fine else _unfolded_twice(coarse, fine, half)),
        )

    def start_from(self, pictures: torch.Tensor) -> torch.Tensor:
        """Set the linear core to the principal components of the patches of `pictures`, (B, 3, H, W) in [-1, 1].

        Returns each latent channel's deviation, (channels,). Its variance is the square root of its component's, scaled
        to a mean of 1: layout stays louder than detail, but not so much that the denoiser never hears the detail.
        """
        patches = F.pixel_unshuffle(pictures, self.config.fold).permute(0, 2, 3, 1).flatten(0, 2)
        mean = patches.mean(0)
        axes, power, _ = torch.linalg.svd((patches - mean).T @ (patches - mean) / len(patches))
        axes, deviation = axes[:, : self.config.channels], power[: self.config.channels].sqrt()
        wanted = deviation.sqrt() / deviation.mean().sqrt()  # its square's mean is 1
        with torch.no_grad():
            self.linear_in.weight.copy_((axes / deviation * wanted).T[..., None, None])
            self.linear_in.bias.copy_(-(mean @ axes) / deviation * wanted)
            self.linear_out.weight.copy_((axes * deviation / wanted)[..., None, None])
            self.linear_out.bias.copy_(mean)
        return wanted

    def encode(self, x: torch.Tensor) -> AutoencoderTinyOutput:
        return AutoencoderTinyOutput(latents=self.linear_in(F.pixel_unshuffle(x, self.config.fold)) + self.encoder(x))

    def decode(self, z: torch.Tensor, generator=None, return_dict: bool = True) -> DecoderOutput | tuple[torch.Tensor]:
        sample = F.pixel_shuffle(self.linear_out(z), self.config.fold) + self.decoder(z)
        return DecoderOutput(sample=sample) if return_dict else (sample,)
