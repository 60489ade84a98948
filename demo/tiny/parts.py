"""The tiny model's parts, stock classes but for the autoencoder, and the folder they are kept in."""

import json
import math
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from .folded import FoldedAutoencoder

SIZE = 256  # of a picture, pixels
FOLD = 16  # pixels to a latent, each way
CHANNELS = 24  # of a latent
LENGTH = 24  # tokens, start and end included
WIDTH = 256  # of a word's vector
LOG_SNR = 6.0, -9.5  # of the first timestep and of the last but one
SPECIAL = ["<pad>", "<unk>", "<start>", "<end>"]
SHARD = "9MB"
STEPS = 30  # what a run has where nobody says it
GUIDANCE = 3.0  # of those tried, the one with which it best draws what is asked


def tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """One token a word, in lower case, punctuation left out; what is not in `words` becomes <unk>."""
    ids = {word: at for at, word in enumerate([*SPECIAL, *words])}
    inner = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    silent = normalizers.Replace(Regex(r"['’]\p{L}*|\p{P}"), " ")  # "the fox's hat, at night": the fox hat at night
    inner.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), silent])
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("<start>", ids["<start>"]), ("<end>", ids["<end>"])]
    inner.post_processor = processors.TemplateProcessing(single="<start> $A <end>", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="<unk>",
        pad_token="<pad>",
        bos_token="<start>",
        eos_token="<end>",
        model_max_length=LENGTH,
    )


def autoencoder() -> FoldedAutoencoder:
    """(B, 3, SIZE, SIZE) in [-1, 1] <-> (B, CHANNELS, SIZE / FOLD, SIZE / FOLD)."""
    levels = (0,) * FOLD.bit_length()
    return FoldedAutoencoder(CHANNELS, coarse=192, fine=96, fold=FOLD, block_out_channels=levels)


def text_encoder(vocab_size: int) -> CLIPTextModel:
    """(B, LENGTH) token ids -> (B, LENGTH, WIDTH)."""
    config = CLIPTextConfig(
        vocab_size=vocab_size,
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        projection_dim=WIDTH,
        pad_token_id=SPECIAL.index("<pad>"),
        bos_token_id=SPECIAL.index("<start>"),
        eos_token_id=SPECIAL.index("<end>"),
    )
    model = CLIPTextModel(config)
    # At CLIP's own 0.02 what all words share drowns what tells them apart, and shapes are learned many times slower.
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.5)
    return model


def unet() -> UNet2DConditionModel:
    """(B, CHANNELS, SIZE / FOLD, SIZE / FOLD), timesteps, (B, LENGTH, WIDTH) -> v of the same shape as the latents."""
    return UNet2DConditionModel(
        sample_size=SIZE // FOLD,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(96, 192, 192),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        addition_embed_type="text",  # the whole prompt, pooled, goes along with the time to every layer
        resnet_time_scale_shift="scale_shift",  # and multiplies there, which tells more than adding
        addition_embed_type_num_heads=4,
        attention_head_dim=(2, 4, 4),  # diffusers' name for how many heads; few where there are many places
    )


def signal_shares(steps: int = 1000) -> list[float]:
    """abar of each timestep: log SNR falls in a line, so that no scale of the picture is hurried; the last is 0.

    What is decided first, the layout, is decided at an SNR near 1e-3 in as many dimensions as a picture has here. The
    usual tables are through with that within a few of their last steps.
    """
    first, last = LOG_SNR
    falling = [first + (last - first) * step / (steps - 2) for step in range(steps - 1)]
    return [1 / (1 + math.exp(-log_snr)) for log_snr in falling] + [0.0]


def scheduler() -> DDIMScheduler:
    """v-prediction at zero terminal SNR: the state at the last timestep is pure noise, exactly."""
    abar = signal_shares()
    betas = [1 - now / before for before, now in zip([1.0, *abar], abar, strict=False)]
    return DDIMScheduler(
        trained_betas=betas,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,  # changes nothing in these betas, but Euler and DPM++ have to know
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,  # of no effect under trailing spacing, but diffusers warns of 0
    )


def save(folder: Path, parts: dict[str, torch.nn.Module], vocabulary: dict[str, list[str]]) -> None:
    """Write a stock pipeline in fp16 safetensors, no file over 10 MB, its vocabulary and its guidance beside it.

    The parts themselves are turned to fp16.
    """
    pipe = StableDiffusionPipeline(
        vae=parts["vae"],
        text_encoder=parts["text_encoder"],
        tokenizer=tokenizer(vocabulary["words"]),
        unet=parts["unet"],
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.to(torch.float16).save_pretrained(folder, max_shard_size=SHARD)
    text = json.dumps(vocabulary, indent=1, ensure_ascii=False)
    (folder / "vocabulary.json").write_text(text + "\n", encoding="utf-8")
    own = {"guidance_scale": GUIDANCE, "num_inference_steps": STEPS}
    (folder / "generation_config.json").write_text(json.dumps(own) + "\n", encoding="utf-8")


def load(folder: str | Path, dtype: torch.dtype = torch.float32) -> StableDiffusionPipeline:
    """The pipeline in `folder`, from the disk alone; raises OSError where the folder is not such a model."""
    vae = load_autoencoder(folder, dtype)
    return StableDiffusionPipeline.from_pretrained(folder, vae=vae, dtype=dtype, local_files_only=True)


def load_autoencoder(folder: str | Path, dtype: torch.dtype = torch.float32) -> FoldedAutoencoder:
    """The autoencoder of the pipeline in `folder`, whose other parts may be missing; OSError where there is none."""
    return FoldedAutoencoder.from_pretrained(folder, subfolder="vae", dtype=dtype, local_files_only=True)
