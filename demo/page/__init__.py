"""The page and the API on an engine: who runs when, what is answered, what is served. The only room that knows Gradio.

Imports of the engine its `api` alone, so the page starts without torch and on any engine.
"""
