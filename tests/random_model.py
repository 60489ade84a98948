"""A diffusers pipeline of random weights, built in a moment: all the engine needs that is not about good pictures."""

import pytest
import torch
from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import CLIPConfig, CLIPImageProcessor, CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from demo.engine.api import BadModel

WORDS = ["<pad>", "<start>", "<end>", "<unknown>", "a", "blue", "red", "cat", "fox", "pizza", "on", "wearing", "hat"]
SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "clip_sample": False,
}


def build_pipeline(checker=None) -> StableDiffusionPipeline:
    """A stock StableDiffusionPipeline for 32 x 32 pixels, 8-channel latents; the same random weights every time."""
    torch.manual_seed(0)
    pipe = StableDiffusionPipeline(
        vae=_autoencoder(),
        text_encoder=_text_encoder(),
        tokenizer=build_tokenizer(),
        unet=_unet(),
        scheduler=DDIMScheduler(**SCHEDULE, steps_offset=1),
        safety_checker=checker,
        feature_extractor=checker and CLIPImageProcessor(size={"shortest_edge": 8}, crop_size=8),
        requires_safety_checker=checker is not None,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _autoencoder() -> AutoencoderTiny:
    channels = (16, 16, 16)
    vae = AutoencoderTiny(
        latent_channels=8,
        encoder_block_out_channels=channels,
        decoder_block_out_channels=channels,
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
    )
    return vae.eval()


def _unet() -> UNet2DConditionModel:
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=8,
        out_channels=8,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        norm_num_groups=8,
        cross_attention_dim=32,
        attention_head_dim=8,
    )
    return unet.eval()


def _text_encoder() -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        max_position_embeddings=16,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return CLIPTextModel(config).eval()


def checker(threshold: float) -> StableDiffusionSafetyChecker:
    """diffusers' own, of random weights; a picture is flagged above this cosine: all of them at -1, none at 1."""
    torch.manual_seed(0)
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    made = StableDiffusionSafetyChecker(
        CLIPConfig(vision_config=vision | {"image_size": 8, "patch_size": 4}, projection_dim=8)
    )
    made.concept_embeds_weights.data.fill_(threshold)
    made.special_care_embeds_weights.data.fill_(2.0)
    return made.eval()


def build_tokenizer(longest: int = 16, chat_template: str | None = None) -> PreTrainedTokenizerFast:
    """Words at blanks, WORDS alone; `longest` tokens, start and end included."""
    ids = {word: number for number, word in enumerate(WORDS)}
    split = Tokenizer(models.WordLevel(ids, unk_token="<unknown>"))
    split.normalizer = normalizers.Lowercase()
    split.pre_tokenizer = pre_tokenizers.Whitespace()
    split.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=split,
        model_max_length=longest,
        pad_token="<pad>",
        bos_token="<start>",
        eos_token="<end>",
        unk_token="<unknown>",
        chat_template=chat_template,
    )


def said(function, *arguments) -> str:
    """The one sentence with which a model is refused."""
    with pytest.raises(BadModel) as refused:
        function(*arguments)
    text = str(refused.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 500
    return text
