"""The page and the API as Gradio sees them: two HTML components, one streaming event, one public function.

What the visitor sees and touches is static/: page.html is drawn once by the first component, the second one is the
invisible wire on which the messages of a run arrive. Given an engine, so this imports without torch.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr

from demo.engine.api import Engine
from demo.lab.api import Lab
from demo.page import vocabulary
from demo.page.answers import Answers, answered, without_span
from demo.page.experiments import Experiments
from demo.page.facts import facts, shelf
from demo.page.head import TITLE
from demo.page.hidden import Hidden
from demo.page.keeping import Keeping
from demo.page.limits import Limits, Who
from demo.page.live import Live, sentence
from demo.page.readers import Readers
from demo.page.site import ICON, STATIC, app_kwargs
from demo.run import bundle
from demo.run.store import Runs
from demo.settings import Settings

# Events that Gradio keeps open beyond those in our own line: whoever comes when it is full is told so, too, and goes.
SPARE = 32
FILE = {"meta": {"_type": "gradio.FileData"}}


def build(engine: Engine, settings: Settings, lab: Lab | None = None) -> gr.Blocks:
    """The app on one engine, and on what is known of its model, not launched."""
    runs = Runs(settings.exports / "runs", settings.keep_seconds)
    limits = Limits(settings.session_runs, settings.address_runs, settings.session_questions)
    live = Live(engine, runs, settings.queue, settings.show_before_check, limits)
    readers = Readers()
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as app:
        page = gr.HTML(
            html_template=bundle.markup(),
            css_template="",
            js_on_load=_static("boot.js"),
            apply_default_css=False,
            server_functions=_server(live, settings, lab),
            facts=facts(engine, settings, lab) | {"shelf": shelf(settings)},
        )
        wire = gr.HTML(html_template="", css_template="", js_on_load=_static("wire.js"), visible="hidden")
        run = page.submit(
            _watch(live, readers),
            outputs=wire,
            show_progress="hidden",
            trigger_mode="multiple",
            concurrency_limit=None,
            api_visibility="undocumented",
        )
        run.failure(fn=None, js=_static("failed.js"), api_visibility="undocumented")
        gr.api(_generate(live, readers), api_name="generate", concurrency_limit=None)
    app.readers, app.limits = readers, limits  # for the guard, which counts who reads and who asks
    app.live = live  # for whoever ends it
    return app.queue(api_open=False, max_size=settings.queue + SPARE)


def launch_options(settings: Settings) -> dict[str, Any]:
    """Arguments for `launch()` that belong to the page: its looks, and the doors that stay shut."""
    return {
        "theme": _theme(),
        "app_kwargs": app_kwargs(),
        "favicon_path": ICON,
        "allowed_paths": [str(settings.exports / "runs")],
        "footer_links": ["api"],
        "run_history": False,
        "enable_monitoring": False,
        # Gradio keeps a copy of every component for each of 10,000 sessions; none of ours is another one's.
        "state_session_capacity": settings.queue + SPARE,
        "max_threads": settings.queue + SPARE,  # events that are open at once; those of runs hold no thread
        "max_file_size": "100kb",
        "pwa": False,
        "ssr_mode": False,
        "mcp_server": False,
    }


def _watch(live: Live, readers: Readers):
    async def watch(event: gr.EventData, request: gr.Request):
        async with aclosing(live.watch(event._data, readers.of(request.session_hash), _who(request))) as messages:
            async for message in messages:
                yield message

    return watch


def _who(request: gr.Request) -> Who:
    return Who(request.session_hash, request.client.host if request.client else None)


def _server(live: Live, settings: Settings, lab: Lab | None) -> list:
    """What the browser may call directly: no queue stands before these, so they check and answer at once."""
    answers = Answers(live.engine, live.runs, live.prompts)
    experiments = Experiments(lab, answers)
    keeping = Keeping(live.engine, live.runs, live.prompts, lambda: facts(live.engine, settings))
    hidden = Hidden(live.engine, vocabulary.groups(settings.model, live.engine.abilities.vocabulary))
    return [
        _asked("stop", live.stop, "run"),
        _asked("missing", live.missing, "run", "first"),
        _asked("numbers", answers.numbers, "prompt"),
        _asked("token", answers.token, "prompt", "index"),
        _asked("atlas", answers.atlas),
        _asked("guesses", answers.guesses, "run", "step"),
        _asked("exact", answers.exact, "run", "step"),
        _asked("overlap", answers.overlap, "run", "other", "tokens"),
        _asked("without", without_span, "prompt", "start", "end"),
        _asked("judge", experiments.judge, "run", "trial"),
        _asked("cost", answers.cost, "steps"),
        _asked("touch", answers.touch, "run", "upscale", "sharpen", "contrast", "file"),
        _asked("keep", keeping.keep, "run", "kind", "step", "view", "speed", "hold", "size", "loop"),
        _asked("kept", keeping.kept, "job"),
        _asked("drop", keeping.drop, "job"),
        _asked("nearest", experiments.nearest, "run"),
        _asked("held_out", experiments.held_out, "number"),
        _asked("drown", hidden.drown, "picture"),
        _asked("hide", hidden.hide),
        _asked("clearer", hidden.clearer, "game", "level"),
        _asked("name", hidden.name, "game", "name"),
    ]


def _asked(name: str, answer: Callable[..., dict], *wanted: str) -> Callable[[Any], dict]:
    """`answer` as Gradio calls it: one object in, of which the `wanted` values are taken, None for what is absent."""

    def ask(asked: Any = None) -> dict:
        return answered(answer, *(asked.get(one) if isinstance(asked, dict) else None for one in wanted))

    ask.__name__ = name
    return ask


def _generate(live: Live, readers: Readers):
    async def generate(
        prompt: str,
        seed: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        scheduler: str | None = None,
        negative_prompt: str | None = None,
        width: int | None = None,
        height: int | None = None,
        branch_at: int | None = None,
        then: str | None = None,
        then_guidance: float | None = None,
        then_negative_prompt: str | None = None,
        fresh: int | None = None,
        request: gr.Request = None,  # type: ignore[assignment]  # Gradio's own, no parameter of the API
    ) -> tuple[gr.FileData, gr.FileData, dict]:
        """Draw a picture; returns the final picture (PNG), a GIF of every step, and the trace.

        Parameters:
            prompt: what the picture shows, at most 500 characters
            seed: whole number from 0 to 4294967295; None draws one
            steps: whole number from 1 to 100
            guidance: 1 to 20; how hard the prompt pushes, 1 is off
            scheduler: own, ddim, euler, euler-ancestral, dpm++2m or unipc, as far as the model runs with it
            negative_prompt: what the picture should not show, where the model takes that
            width: pixels, where the model draws in more than one size
            height: pixels, as the width; whatever is None is the model's own
            branch_at: the state, 0 to steps - 1, from which the run goes on otherwise; None is no branch
            then: the prompt from there on; of these four, what is None stays as it was
            then_guidance: the guidance from there on
            then_negative_prompt: the negative prompt from there on
            fresh: a seed by which the noise of that state is drawn anew
        """
        try:
            settings = {"seed": seed, "steps": steps, "guidance": guidance, "scheduler": scheduler}
            settings |= {"negative_prompt": negative_prompt, "width": width, "height": height}
            branch = {"branch_at": branch_at, "then": then, "then_guidance": then_guidance, "fresh": fresh}
            branch |= {"then_negative_prompt": then_negative_prompt}
            asked = live.engine.abilities.request(prompt, **settings, **branch)
            picture, gif, trace = await live.generate(
                asked, readers.of(request.session_hash), _who(request)._replace(session=None)
            )
        except Exception as error:
            raise gr.Error(sentence(error), print_exception=False) from error
        return _file(picture, "image/png"), _file(gif, "image/gif"), trace

    return generate


def _file(path: Path, kind: str) -> Any:
    return {"path": str(path), "url": f"/gradio_api/file={path}", "orig_name": path.name, "mime_type": kind, **FILE}


def _theme() -> gr.themes.Base:
    """Gradio's frame in the page's colours, in fonts that every machine has: nothing is fetched from elsewhere."""
    sans = ("ui-sans-serif", "system-ui", "sans-serif")
    mono = ("ui-monospace", "Consolas", "monospace")
    return gr.themes.Base(font=sans, font_mono=mono, primary_hue="amber").set(
        body_background_fill="#f7f4ee",
        body_background_fill_dark="#0f1013",
        body_text_color="#1f1c18",
        body_text_color_dark="#f1eee7",
    )


def _static(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
