"""The embedded model: its world, its training, its evaluation.

The app needs nothing of it but the autoencoder's class.
"""
