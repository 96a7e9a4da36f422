"""Says a camera move in words, for models that have no camera control but read the prompt."""

from __future__ import annotations

from generations.catalogue.params import CameraControl

# Pan turns about the vertical axis (yaw), tilt about the horizontal one (pitch); zoom > 0 widens
# the view. So Kling's Chinese pages and llmprovider's; some English pages swap pan and tilt.
_AXES = {
    "horizontal": ("moves left", "moves right"),
    "vertical": ("moves down", "moves up"),
    "pan": ("turns to the left", "turns to the right"),
    "tilt": ("tilts down", "tilts up"),
    "roll": ("rolls counterclockwise", "rolls clockwise"),
    "zoom": ("zooms in", "zooms out to a wider view"),
}
_PRESETS = {
    "down_back": "descends and moves back",
    "forward_up": "moves forward and tilts up",
    "right_turn_forward": "turns right and moves forward",
    "left_turn_forward": "turns left and moves forward",
}


def directions(axis: str) -> str:
    """Which way the camera goes by the sign of an axis."""
    below, above = _AXES[axis]
    return f"Below 0 the camera {below}, above 0 it {above}."


def sentence(move: CameraControl) -> str:
    """The move as one sentence: `The camera slowly tilts down.`"""
    if move.axis is None or move.value is None:
        return f"The camera {_PRESETS[move.type]}."
    size = abs(move.value)
    pace = "slowly" if size <= 3 else "steadily" if size <= 7 else "quickly"
    return f"The camera {pace} {_AXES[move.axis][move.value > 0]}."
