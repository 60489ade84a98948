"""How many replicas there are, on what, and where: the deployment, as app.py starts it and as serve.yaml names it.

Without RAY_ADDRESS this is a Ray of its own on this machine, which ends with this process: no dashboard, nothing asked
over HTTP, no report to anybody. With it, a cluster: an application of this name that runs there already is used as it
is (serve.yaml or another page has started it), else it is started there, with this folder sent along.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported, which would report its use

import ray
from ray import serve
from ray.exceptions import AuthenticationError
from ray.serve.exceptions import RayServeException

from demo.engine.api import BadModel
from demo.engine.ray.replica import Replica
from demo.settings import DEFAULT_MODEL, Settings

NAME = "out-of-static"
ROOT = Path(__file__).resolve().parents[3]
UNSENT = [".venv", "tests", "training"]  # of this folder: what no replica needs
SHARED = 2**29  # bytes of shared memory, through which states pass; none stays there
ANSWERS = 32  # requests that are no runs, under way at once on one replica
DRAIN = 600.0  # seconds in which runs may end on a replica that goes: the slowest takes minutes
UP, DOWN = 5.0, 120.0  # seconds that more, or fewer, replicas have to be of use before they are started, or ended
UNREACHED = (
    "No Ray is reached at RAY_ADDRESS={}: it has to run there, and on this machine; if it has a token, set "
    "RAY_AUTH_MODE and RAY_AUTH_TOKEN as it has them."
)
COMING, LOOK = ("NOT_STARTED", "DEPLOYING"), 0.5  # of an application; seconds between two looks at it
QUIET = {"log_level": "WARNING", "enable_access_log": False}


def application(given: Mapping[str, object]) -> serve.Application:
    """The application of serve.yaml, whose `args` are settings by the names that they have in the environment."""
    return deployed(Settings.from_env(os.environ | {name: str(value) for name, value in given.items()}), 1)


def deployed(settings: Settings, cpus: int) -> serve.Application:
    """The deployment that these settings ask for, each replica with so many cores.

    To Serve, an answer of a moment is a request like a run of minutes. So it is the replica that seats as many runs as
    one batch takes, and Serve lets more in: the runs that wait, which is what more replicas are started for, and the
    answers, which never stand behind them.
    """
    fewest, most = settings.replicas
    model = "" if Path(settings.model) == DEFAULT_MODEL else settings.model  # elsewhere it lies elsewhere
    growing = {
        "min_replicas": fewest,
        "max_replicas": most,
        "target_ongoing_requests": settings.places,
        "look_back_period_s": 3 * UP,
        "upscale_delay_s": UP,
        "downscale_delay_s": DOWN,
    }
    return serve.deployment(
        Replica,
        max_ongoing_requests=settings.places * most + ANSWERS,
        graceful_shutdown_timeout_s=DRAIN,
        graceful_shutdown_wait_loop_s=1.0,
        ray_actor_options={"num_cpus": cpus, "num_gpus": settings.replica_gpus},
        logging_config=QUIET,
        **({"num_replicas": most} if fewest == most else {"autoscaling_config": growing}),
    ).bind(model, settings.upscaler, settings.machine(), most)


def handle(settings: Settings):
    """Serve's handle of the replicas, which may be starting still. Raises BadModel where no card is there for them."""
    connect()
    there = known()
    if there is not None:
        return there
    if os.environ.get("RAY_ADDRESS"):
        ray.shutdown()  # and once more, with what the replicas are made of
        connect(bring=True)
    elif settings.replica_gpus * settings.replicas[0] > ray.cluster_resources().get("GPU", 0):
        raise BadModel(f"DEMO_REPLICA_GPUS={settings.replica_gpus:g} asks for more graphics cards than there are here.")
    serve.start(proxy_location="Disabled", logging_config=QUIET)
    application = deployed(settings, 1 if settings.replica_gpus else cores(settings.replicas[1]))
    return serve.run(application, name=NAME, route_prefix=None, logging_config=QUIET)


def known():
    """Serve's handle of an application of this name that somebody has started, or is starting; None without one."""
    while True:
        try:
            return serve.get_app_handle(NAME)
        except RayServeException:
            found = serve.status().applications.get(NAME)
            if found is None or found.status not in COMING:
                return None
            time.sleep(LOOK)


def connect(bring: bool = False) -> None:
    """To the cluster at RAY_ADDRESS, with this folder where it is to `bring`; or to a Ray of this process's own."""
    if ray.is_initialized():
        return
    quiet = {"log_to_driver": False, "logging_level": logging.WARNING}
    for name in ("ray", "ray.serve"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if address := os.environ.get("RAY_ADDRESS"):
        folder = {"working_dir": str(ROOT), "excludes": UNSENT} if bring else None
        try:
            ray.init(address, runtime_env=folder, **quiet)
        except (ConnectionError, AuthenticationError) as error:
            raise BadModel(UNREACHED.format(address)) from error
        return
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    here = {"env_vars": {"PYTHONPATH": path}}  # where replicas find this code, from wherever this process was begun
    ray.init("local", include_dashboard=False, object_store_memory=SHARED, runtime_env=here, **quiet)


def cores(replicas: int) -> int:
    """Of each replica: what there is, shared out, but never more than one machine has."""
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    return max(1, min(max(machines), sum(machines) // replicas))
