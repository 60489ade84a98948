"""What starts replicas: settings, serve.yaml, the manifest for KubeRay; and that nobody meets Ray who does not ask."""

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
import yaml
from ray import serve
from ray.serve.schema import ServeDeploySchema

import app
from demo.engine.api import BadModel
from demo.engine.ray import meters, serving
from demo.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ROOT / "demo" / "engine" / "ray"
FREE = """
import json, sys
import app, demo.page.page, demo.__main__, demo.gallery
print(json.dumps([name for name in sys.modules if name.split(".")[0] == "ray" or name.startswith("demo.engine.ray")]))
"""


def shell(code: str, **env: str) -> subprocess.CompletedProcess:
    asked = [sys.executable, "-c", code]
    return subprocess.run(asked, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, timeout=120)


def manifests() -> dict[str, dict]:
    return {one["kind"]: one for one in yaml.safe_load_all((BESIDE / "kuberay.yaml").read_text("utf-8"))}


def configurations() -> list[dict]:
    """What Serve is told, in both files."""
    return [
        yaml.safe_load((BESIDE / "serve.yaml").read_text("utf-8")),
        yaml.safe_load(manifests()["RayService"]["spec"]["serveConfigV2"]),
    ]


def test_nobody_imports_ray_who_does_not_ask_for_it():
    done = shell(FREE, DEMO_ENGINE="")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_without_ray_one_sentence_says_what_to_install():
    without = {name: module for name, module in sys.modules.items() if not name.startswith("demo.engine.ray")}
    with mock.patch.dict(sys.modules, without | {"ray": None}, clear=True), pytest.raises(BadModel) as refused:
        app.engine(Settings.from_env({"DEMO_ENGINE": "ray"}))
    said = str(refused.value)
    assert said.startswith("DEMO_ENGINE=ray needs what `pip install -r demo/engine/ray/requirements.txt` brings")
    assert said.endswith(".") and "\n" not in said


@pytest.mark.parametrize("told", configurations(), ids=["serve.yaml", "kuberay.yaml"])
def test_serve_understands_what_it_is_told_and_it_fits_the_code(told):
    [application] = ServeDeploySchema.model_validate(told).applications
    assert application.name == serving.NAME and application.route_prefix is None
    assert application.import_path == "demo.engine.ray.serving:application"
    made = serving.application(application.args)
    assert isinstance(made, serve.Application)
    [overridden] = application.deployments
    assert overridden.name == made._bound_deployment.name
    gpus = Settings.from_env({name: str(value) for name, value in application.args.items()}).replica_gpus
    assert overridden.ray_actor_options.num_gpus == gpus


def test_the_manifest_has_what_a_ray_service_needs():
    kinds = manifests()
    service, page = kinds["RayService"], kinds["Service"]
    assert service["apiVersion"] == "ray.io/v1" and service["metadata"]["name"]
    cluster = service["spec"]["rayClusterConfig"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        assert isinstance(group["rayStartParams"], dict)
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        [container] = group["template"]["spec"]["containers"]
        assert container["name"] and container["image"] and "$KUBERAY_GEN_RAY_START_CMD" in container["args"][0]
        assert all(isinstance(pair["value"], str) for pair in container["env"])
    for group in cluster["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"] and group["groupName"]
    assert cluster["workerGroupSpecs"][0]["maxReplicas"] == 4
    labels = cluster["workerGroupSpecs"][1]["template"]["metadata"]["labels"]
    assert page["spec"]["selector"].items() <= labels.items()
    pinned = (ROOT / "tests" / "constraints.txt").read_text("utf-8")
    assert f"\nray=={cluster['rayVersion']}\n" in pinned


def test_as_many_replicas_as_runs_wait_for():
    def told(**env: str) -> dict:
        bound = serving.deployed(Settings.from_env({"DEMO_ENGINE": "ray", **env}), 2)._bound_deployment
        return {
            "fixed": bound.num_replicas,
            "growing": bound._deployment_config.autoscaling_config,
            "most": bound.max_ongoing_requests,
            "on": bound.ray_actor_options,
        }

    fixed = told(DEMO_REPLICAS="2", DEMO_PLACES="3")
    assert (fixed["fixed"], fixed["growing"], fixed["on"]) == (2, None, {"num_cpus": 2, "num_gpus": 0.0})
    growing = told(DEMO_REPLICAS="1-4", DEMO_PLACES="3", DEMO_REPLICA_GPUS="0.5")
    scaling = growing["growing"]
    assert (scaling.min_replicas, scaling.max_replicas, scaling.target_ongoing_requests) == (1, 4, 3)
    assert growing["most"] > 4 * 3 and growing["on"]["num_gpus"] == 0.5


def test_the_board_shows_what_replicas_tell():
    board = json.loads((BESIDE / "grafana.json").read_text("utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) and board["title"]
    for name in ("runs_total", "steps_total", "step_seconds", "company", "waiting", "under_way", "memory_bytes"):
        assert any(f"ray_{meters.PREFIX}{name}" in expression for expression in asked), name
    for panel in board["panels"]:
        assert panel["title"] and panel["description"].endswith(".") and panel["gridPos"]["w"] <= 24
