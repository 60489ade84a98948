"""The embedded model of the world in demo/tiny: the second one, for as long as it lies beside the first."""

from demo.settings import DEFAULT_MODEL

NEXT = DEFAULT_MODEL.with_name("tiny-next")
MODEL = str(NEXT if NEXT.is_dir() else DEFAULT_MODEL)
