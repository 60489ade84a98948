"""Runs on other processes and other machines, by Ray Serve: replicas hold the pipeline, and the page stays a thin front.

Optional, as requirements.txt in this folder is: nothing in here, and nothing of Ray, is imported unless DEMO_ENGINE=ray.
"""
