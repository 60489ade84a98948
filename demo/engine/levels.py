"""How noisy each state of a run is, and the picture behind what the network says of it: formulas by scheduler.

With m the output of the network after guidance, x the state and (a, s) its noise level, the guess is (x - s m) / a for
noise prediction, a x - s m for v-prediction (Salimans and Ho 2022, appendix D), x - s m for flow matching, and m itself
for sample prediction; where the network was taught by Karras et al. 2022, it is their c_skip x + c_out m (equation 7).
A variance-exploding x (Euler and its kin) is first divided by sqrt(sigma^2 + 1), which makes it variance-preserving.
"""

from __future__ import annotations

import math

import torch

# diffusers keeps abar at 2**-24 where the schedule says zero, so that sigma = sqrt(1 / abar - 1) stays finite. What
# comes back from there as alpha^2 is 2**-24 but for its last bits, which depend on the processor; real schedules stop
# far above (Stable Diffusion's at 0.0047).
ZERO = 2**-24 * 1.01


def noise_level(scheduler, index: int) -> tuple[float, float, float]:
    """(alpha, sigma, spread) of the state after `index` calls of `step`: it is the scheduler's own latents over spread.

    It is the level that the last step made by the scheduler's own arithmetic, which need be neither the one of the next
    timestep nor, for the result, nothing: DDIM with trailing spacing keeps up to 3 % noise where 1000 / N is no whole
    number. The first state has no picture in it, whatever the network is told. The result is never rescaled, for it is
    what the pipeline decodes.
    """
    if index == 0:
        alpha, _, spread = level(scheduler, index)
        drawn = float(getattr(scheduler, "init_noise_sigma", 1.0))  # deviation of the noise that pipelines begin with
        return (0.0, drawn / spread, spread) if alpha**2 > ZERO else (0.0, 1.0, drawn)
    if hasattr(scheduler, "sigmas"):
        alpha, sigma, spread = level(scheduler, index)
    else:
        alpha, sigma, spread = _preserving(_left(scheduler, index))
    if index == len(scheduler.timesteps) and spread != 1.0:
        alpha, sigma, spread = 1.0, sigma / alpha, 1.0
    return alpha, sigma, spread


def predicted_picture(scheduler, index: int, model_output, sample) -> torch.Tensor:
    """x0 from the output of the network at the state after `index` calls; float32, the shape of `sample`."""
    output = model_output.float()
    if is_edm(scheduler):
        return scheduler.precondition_outputs(sample.float(), output, float(scheduler.sigmas[index]))
    kind = scheduler.config.get("prediction_type", "flow_prediction")
    alpha, sigma, spread = level(scheduler, index)
    state = sample.float() / spread
    if kind == "epsilon":
        return (state - sigma * output) / alpha
    if kind == "v_prediction":
        return alpha * state - sigma * output
    if kind == "flow_prediction":
        return state - sigma * output
    if kind in ("sample", "original_sample"):
        return output
    raise NotImplementedError(f"No formula for the picture behind a prediction of type {kind!r}.")


def level(scheduler, index: int) -> tuple[float, float, float]:
    """(alpha, sigma, spread) that call `index` takes its state to have, by the scheduler's own table alone."""
    if not hasattr(scheduler, "sigmas"):
        return _preserving(float(scheduler.alphas_cumprod[int(scheduler.timesteps[index])]))
    sigma = scheduler.sigmas[index]
    if is_edm(scheduler):  # noise as strong as pictures are, which is sigma_data and not 1, is what a decoder can show
        spread = math.sqrt((float(sigma) / scheduler.config.sigma_data) ** 2 + 1)
        return 1 / spread, float(sigma) / spread, spread
    if hasattr(scheduler, "_sigma_to_alpha_sigma_t"):
        alpha, sigma = scheduler._sigma_to_alpha_sigma_t(sigma)
        return float(alpha), float(sigma), 1.0
    sigma = float(sigma)
    if type(scheduler).__name__.startswith("FlowMatch"):
        return 1.0 - sigma, sigma, 1.0
    spread = math.sqrt(sigma**2 + 1)
    return 1 / spread, sigma / spread, spread


def calls_of_steps(scheduler) -> list[int]:
    """How many calls of `step` are done when step 1, 2, ... N is: most schedulers make one each.

    Heun's steps are two, but the last (Karras et al. 2022, algorithm 1); PNDM's first is two (Liu et al. 2022).
    """
    calls, name = len(scheduler.timesteps), type(scheduler).__name__
    if "Heun" in name:
        return [*range(2, calls, 2), calls]
    if name == "PNDMScheduler":
        return [*range(2, calls + 1)] or [calls]
    return [*range(1, calls + 1)]


def is_edm(scheduler) -> bool:
    """Whether the network behind it is scaled and told its noise as Karras et al. 2022 do."""
    return type(scheduler).__name__.startswith("EDM")


def _preserving(left: float) -> tuple[float, float, float]:
    """abar -> (alpha, sigma, spread) of a variance-preserving state."""
    return math.sqrt(left), math.sqrt(1 - left), 1.0


def _left(scheduler, index: int) -> float:
    """abar after `index` calls."""
    name = type(scheduler).__name__
    if name in ("DDIMScheduler", "PNDMScheduler"):
        return _left_by_strides(scheduler, index)
    if index < len(scheduler.timesteps):
        return float(scheduler.alphas_cumprod[int(scheduler.timesteps[index])])
    return float(scheduler.alphas_cumprod[0]) if name == "TCDScheduler" else 1.0


def _left_by_strides(scheduler, index: int) -> float:
    """DDIM and PNDM go down by whole strides from each timestep, and not to the next of their list."""
    if type(scheduler).__name__ == "PNDMScheduler" and index == 2:  # its first step once more, with a better slope
        index = 1
    stride = scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    to = int(scheduler.timesteps[index - 1]) - stride
    return float(scheduler.alphas_cumprod[to] if to >= 0 else scheduler.final_alpha_cumprod)
