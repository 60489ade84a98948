"""A run that is easily filmed, and other eyes than those that wrote it: Pillow's decoder and ffmpeg's."""

from __future__ import annotations

import re
import subprocess

import imageio_ffmpeg
import numpy as np
from PIL import Image

from demo.run.trace import Frame, Request

PROMPTS = [
    "a blue cat",
    "un été à Paris, ñandú",
    "狐がスケートボードに乗る",
    "नीली बिल्ली",
    "قطة زرقاء",
    "🦊🛹 👩‍🚀 e\u0301",
    "\"quotes\" 'and' <script>alert(1)</script> ${x} {{y}} \\ %",
    "🐈" * 500,
]


def run_of(steps: int, side: int = 128, high: int | None = None) -> list[Frame]:
    """Noise that clears, as a cosine, into a disc before a gradient: flat colour, soft edge and many shades."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0 : high or side, 0:side] / side - 0.5
    sky = np.stack([0.9 - x, 0.4 + 0 * x, 0.5 + y], axis=-1) - 0.5
    picture = np.where(np.hypot(x, y)[..., None] < 0.3, [0.4, -0.4, 0.3], sky)
    noise = rng.normal(0, 0.4, picture.shape)
    frames = []
    for index in range(steps + 1):
        sigma = float(np.cos(index / steps * np.pi / 2))
        alpha = float(np.sqrt(1 - sigma**2))
        mixed = alpha * picture + sigma * (noise + rng.normal(0, 0.05, picture.shape))
        image = np.uint8(np.clip(mixed + 0.5, 0, 1) * 255)
        guess = np.uint8(np.clip(picture * (0.5 + index / steps / 2) + 0.5, 0, 1) * 255) if index else None
        timestep = None if index == 0 else 10.0
        frames.append(Frame(index, steps, timestep, alpha, sigma, 0.1 * index, image, guess))
    return frames


def still(count: int) -> list[Frame]:
    """Equal neighbours, all of them."""
    picture = np.full((32, 32, 3), 90, np.uint8)
    return [Frame(at, count - 1, None, 1.0, 0.0, 0.0, picture) for at in range(count)]


def asked(prompt: str = "a disc", steps: int = 30) -> Request:
    return Request(prompt, 7, steps, scheduler="ddim")


def read_back(path) -> tuple[list[np.ndarray], list[int], dict]:
    """Pillow's own decoder: uint8 RGB frames, milliseconds of each, the first frame's info."""
    with Image.open(path) as file:
        info, pictures, delays = dict(file.info), [], []
        for at in range(file.n_frames):
            file.seek(at)
            file.load()
            pictures.append(np.asarray(file.convert("RGB")))
            delays.append(file.info["duration"])
    return pictures, delays, info


def decoded(path) -> list[np.ndarray]:
    """ffmpeg's decoder: every frame that is shown, uint8 RGB."""
    frames = imageio_ffmpeg.read_frames(str(path), output_params=["-fps_mode", "passthrough"])
    wide, high = next(frames)["size"]
    return [np.frombuffer(frame, np.uint8).reshape(high, wide, 3) for frame in frames]


def told(path) -> str:
    """What ffmpeg says of a file."""
    ask = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(ask, capture_output=True, text=True).stderr


def seconds(text: str) -> float:
    hours, minutes, rest = re.search(r"Duration: (\d+):(\d+):([\d.]+)", text).groups()
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def error(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference in levels of 255; 4.5 is 35 dB."""
    return float(np.sqrt(np.mean((a.astype(float) - b) ** 2)))
