"""Runs in other processes and on other machines, by Ray Serve: replicas hold the pipeline, the page is a thin front.

Optional, as requirements.txt in this folder is: nothing in here, nor of Ray, is imported unless DEMO_ENGINE=ray.
"""
