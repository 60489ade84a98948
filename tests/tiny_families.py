"""One small pipeline of random weights for each family that the README names, made of diffusers' own classes.

The same weights every time. `build(name, folder)` writes the pipeline as people have it: a folder in diffusers' layout.
"""

from __future__ import annotations

from pathlib import Path

import diffusers as d
import torch
import transformers as t
from random_model import build_tokenizer

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def clip(width: int = 32, projected: int | None = None):
    """CLIP's text encoder; `projected` makes it one with a pooled output of that many numbers."""
    config = t.CLIPTextConfig(
        vocab_size=32,
        hidden_size=width,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=16,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        projection_dim=projected or 8,
    )
    return (t.CLIPTextModelWithProjection if projected else t.CLIPTextModel)(config).eval()


def t5(width: int = 32):
    """T5's encoder."""
    config = t.T5Config(vocab_size=32, d_model=width, d_ff=64, d_kv=8, num_layers=1, num_heads=4)
    return t.T5EncoderModel(config).eval()


def kl(channels: int = 4, halvings: int = 1, **options):
    """AutoencoderKL with `halvings` halvings of the picture."""
    blocks = halvings + 1
    return d.AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * blocks,
        up_block_types=["UpDecoderBlock2D"] * blocks,
        block_out_channels=[8] * blocks,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=32,
        **options,
    ).eval()


def unet(channels: int = 4, **options):
    """A UNet that reads words in its first and last block."""
    return d.UNet2DConditionModel(
        **{
            "sample_size": 16,
            "in_channels": channels,
            "out_channels": channels,
            "layers_per_block": 1,
            "block_out_channels": (16, 32),
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
            "norm_num_groups": 8,
            "cross_attention_dim": 32,
            "attention_head_dim": 8,
        }
        | options
    ).eval()


def sd(scheduler, **options):
    """Stable Diffusion 1 or 2."""
    return d.StableDiffusionPipeline(
        vae=kl(),
        text_encoder=clip(),
        tokenizer=build_tokenizer(),
        unet=unet(**options),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl(scheduler, **vae):
    """Stable Diffusion XL and what was made of it."""
    reader = unet(
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1),
        projection_class_embeddings_input_dim=32 + 6 * 8,
        cross_attention_dim=64,
        use_linear_projection=True,
    )
    return d.StableDiffusionXLPipeline(
        vae=kl(**vae),
        text_encoder=clip(),
        text_encoder_2=clip(projected=32),
        tokenizer=build_tokenizer(),
        tokenizer_2=build_tokenizer(),
        unet=reader,
        scheduler=scheduler,
        add_watermarker=False,
    )


def sd1():
    """Stable Diffusion 1 as its folder has it: PNDM, whose steps are one more than asked."""
    return sd(d.PNDMScheduler(**BETAS, skip_prk_steps=True, steps_offset=1, set_alpha_to_one=False))


def sd2():
    """Stable Diffusion 2, the 768 pixel one: DDIM and v."""
    return sd(
        d.DDIMScheduler(
            **BETAS, prediction_type="v_prediction", clip_sample=False, steps_offset=1, set_alpha_to_one=False
        )
    )


def sd_turbo():
    """SD-Turbo: Euler, trailing, one step."""
    return sd(d.EulerDiscreteScheduler(**BETAS, timestep_spacing="trailing", steps_offset=1))


def lcm():
    """A latent consistency model, which is told the guidance as a number."""
    pipe = sd(d.LCMScheduler(**BETAS, clip_sample=False, set_alpha_to_one=True, steps_offset=1), time_cond_proj_dim=32)
    return d.LatentConsistencyModelPipeline(
        **{name: part for name, part in pipe.components.items() if name != "image_encoder"},
        requires_safety_checker=False,
    )


def lcm_stable():
    """The same UNet in Stable Diffusion's own pipeline."""
    return sd(d.LCMScheduler(**BETAS, clip_sample=False, steps_offset=1), time_cond_proj_dim=32)


def sdxl_base():
    """Stable Diffusion XL's base: Euler, leading."""
    return sdxl(d.EulerDiscreteScheduler(**BETAS, timestep_spacing="leading", steps_offset=1))


def sdxl_turbo():
    """SDXL-Turbo: ancestral Euler, trailing."""
    return sdxl(d.EulerAncestralDiscreteScheduler(**BETAS, timestep_spacing="trailing", steps_offset=1))


def playground():
    """Playground v2.5: SDXL's parts taught by Karras et al. 2022, with latents of their own mean and spread."""
    scheduler = d.EDMDPMSolverMultistepScheduler(sigma_max=80.0, sigma_min=0.002, sigma_data=0.5)
    return sdxl(scheduler, latents_mean=[-1.6, 1.1, 3.3, -0.6], latents_std=[8.4, 5.9, 6.0, 5.3], scaling_factor=0.5)


def sd3(with_t5: bool = True):
    """Stable Diffusion 3, which can leave out the largest of its three text encoders."""
    transformer = d.SD3Transformer2DModel(
        sample_size=16,
        in_channels=16,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=64,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        out_channels=16,
        pos_embed_max_size=32,
    ).eval()
    return d.StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=d.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=kl(16, scaling_factor=1.5305, shift_factor=0.0609),
        text_encoder=clip(projected=32),
        tokenizer=build_tokenizer(),
        text_encoder_2=clip(projected=32),
        tokenizer_2=build_tokenizer(),
        text_encoder_3=t5(64) if with_t5 else None,
        tokenizer_3=build_tokenizer() if with_t5 else None,
    )


def flux(guided: bool):
    """FLUX.1 dev, which is told the guidance as a number, or schnell, which has none."""
    transformer = d.FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        guidance_embeds=guided,
        axes_dims_rope=(4, 4, 8),
    ).eval()
    dynamic = {"use_dynamic_shifting": True, "shift": 3.0} if guided else {"use_dynamic_shifting": False, "shift": 1.0}
    return d.FluxPipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(**dynamic),
        vae=kl(4, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=clip(),
        tokenizer=build_tokenizer(),
        text_encoder_2=t5(),
        tokenizer_2=build_tokenizer(),
        transformer=transformer,
    )


def pixart():
    """PixArt-Sigma: T5 alone, and a variance that nobody uses beside each guess."""
    transformer = d.PixArtTransformer2DModel(
        num_attention_heads=4,
        attention_head_dim=8,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        cross_attention_dim=32,
        caption_channels=32,
        sample_size=16,
        use_additional_conditions=False,
    ).eval()
    return d.PixArtSigmaPipeline(
        tokenizer=build_tokenizer(),
        text_encoder=t5(),
        vae=kl(),
        transformer=transformer,
        scheduler=d.DPMSolverMultistepScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear"),
    )


def sana():
    """Sana: DPM++ on a flow, linear attention, and an autoencoder of many channels."""
    transformer = d.SanaTransformer2DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=4,
        attention_head_dim=8,
        num_layers=1,
        num_cross_attention_heads=4,
        cross_attention_head_dim=8,
        cross_attention_dim=32,
        caption_channels=32,
        sample_size=16,
    ).eval()
    vae = d.AutoencoderDC(
        latent_channels=8,
        attention_head_dim=8,
        encoder_block_out_channels=(8, 16),
        decoder_block_out_channels=(8, 16),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        encoder_qkv_multiscales=((), ()),
        decoder_qkv_multiscales=((), ()),
        scaling_factor=0.41407,
    ).eval()
    gemma = t.Gemma2Config(
        vocab_size=32,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
    )
    flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
    return d.SanaPipeline(
        tokenizer=build_tokenizer(longest=600),
        text_encoder=t.Gemma2Model(gemma).eval(),
        vae=vae,
        transformer=transformer,
        scheduler=d.DPMSolverMultistepScheduler(**flow),
    )


def z_image():
    """Z-Image: a flow told backwards, guided by `pos + w (pos - neg)`."""
    transformer = d.ZImageTransformer2DModel(
        in_channels=16,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=32,
        axes_dims=[4, 6, 6],
        axes_lens=[1024, 64, 64],
    ).eval()
    qwen = t.Qwen3Config(
        vocab_size=32,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
    )
    return d.ZImagePipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=kl(16, 3, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=t.Qwen3Model(qwen).eval(),
        tokenizer=build_tokenizer(512, "{{ messages[0].content }}"),
        transformer=transformer,
    )


def qwen_image():
    """Qwen-Image: packed planes, an autoencoder for videos, and a guided guess as strong as the one with the prompt."""
    transformer = d.QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        axes_dims_rope=(4, 6, 6),
    ).eval()
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2]}
    text = {"vocab_size": 32, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "rope_scaling": rope}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32}
    config = t.Qwen2_5_VLConfig(text_config=text | heads, vision_config=vision)
    vae = d.AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 2],
        num_res_blocks=1,
        temperal_downsample=[False],
        latents_mean=[0.1, -0.2, 0.3, 0.0],
        latents_std=[2.0, 1.5, 1.0, 0.5],
    ).eval()
    return d.QwenImagePipeline(
        scheduler=d.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=vae,
        text_encoder=t.Qwen2_5_VLForConditionalGeneration(config).eval(),
        tokenizer=build_tokenizer(1024),
        transformer=transformer,
    )


def pixels(channels: int = 3):
    """A UNet on pixels that reads nothing."""
    return d.UNet2DModel(
        sample_size=16,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(8, 16),
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    ).eval()


def ddpm():
    """Ho et al. 2020."""
    return d.DDPMPipeline(unet=pixels(), scheduler=d.DDPMScheduler())


def ddim():
    """Song et al. 2020."""
    return d.DDIMPipeline(unet=pixels(), scheduler=d.DDIMScheduler())


def deepfloyd():
    """IF's first stage: pixels from T5's words, and a variance that is learned."""
    return d.IFPipeline(
        tokenizer=build_tokenizer(77),
        text_encoder=t5(),
        unet=unet(
            3,
            out_channels=6,
            encoder_hid_dim=32,
            down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn",
            up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        ),
        scheduler=d.DDPMScheduler(variance_type="learned_range", beta_schedule="squaredcos_cap_v2", thresholding=True),
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )


FAMILIES = {
    "sd-1": sd1,
    "sd-2": sd2,
    "sd-turbo": sd_turbo,
    "lcm": lcm,
    "lcm-in-sd": lcm_stable,
    "sdxl": sdxl_base,
    "sdxl-turbo": sdxl_turbo,
    "playground-v2.5": playground,
    "sd3": sd3,
    "sd3-without-t5": lambda: sd3(with_t5=False),
    "flux-schnell": lambda: flux(guided=False),
    "flux-dev": lambda: flux(guided=True),
    "pixart-sigma": pixart,
    "sana": sana,
    "z-image": z_image,
    "qwen-image": qwen_image,
    "ddpm": ddpm,
    "ddim": ddim,
    "if": deepfloyd,
}


def build(name: str, folder: Path) -> Path:
    """Write the family of this name (one of FAMILIES) to `folder`/`name`, which is returned."""
    torch.manual_seed(0)
    FAMILIES[name]().save_pretrained(folder / name)
    return folder / name
