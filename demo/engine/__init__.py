"""A Request in, Steps and Frames out: `api` says what an engine is, the rest is the one made of diffusers.

torch, diffusers and transformers live here and nowhere else in the app; `api` is free of them.
"""
