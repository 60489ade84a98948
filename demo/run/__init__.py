"""What a run is and what can be said of it: records, measures, words, messages, files.

Numbers and pictures only: no torch, no Gradio, and nothing of ours from outside this package.
"""
