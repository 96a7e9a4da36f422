"""How the camera moves: Kling's six axes and four presets as poses over the film.

Signs follow Kling: horizontal and pan to the right, vertical and tilt upwards, roll clockwise are
positive; a positive zoom widens the view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generations.catalogue.params import CameraControl

MARGIN = 0.17
"""How much more world than frame is painted on each side, as a share of the frame."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the camera looks. `turn_*` moves the whole view, `walk_*` near things more than far.

    Both are shares of the margin, -1 to 1 together; `zoom` >= 1; `roll` in degrees, clockwise.
    """

    turn_x: float = 0.0
    turn_y: float = 0.0
    walk_x: float = 0.0
    walk_y: float = 0.0
    zoom: float = 1.0
    roll: float = 0.0


def pose_at(control: CameraControl | None, progress: float) -> Pose:
    """The pose at `progress` (0 to 1) of a shot."""
    swing = 2 * _ease(progress) - 1
    if control is None or (control.type == "simple" and not control.value):
        return Pose(walk_x=0.42 * swing, walk_y=-0.12 * swing, zoom=1.0 + 0.05 * progress)
    if control.type == "simple":
        strength = _strength(control.value or 0.0)
        return _AXES[control.axis or "horizontal"](strength, swing)
    return _PRESETS[control.type](swing)


def _strength(value: float) -> float:
    """Even a value of 1 should be seen: 0.3 to 1, with the value's sign."""
    size = 0.3 + 0.7 * min(10.0, abs(value)) / 10
    return size if value > 0 else -size


def _ease(k: float) -> float:
    """Mostly even motion with a soft start and end."""
    return 0.55 * k + 0.45 * k * k * (3 - 2 * k)


def _zoomed(strength: float, swing: float) -> Pose:
    k = (swing + 1) / 2
    share = 1 - k if strength > 0 else k
    return Pose(zoom=1.0 + 0.45 * abs(strength) * share)


_AXES: dict[str, Callable[[float, float], Pose]] = {
    "horizontal": lambda s, k: Pose(walk_x=s * k),
    "vertical": lambda s, k: Pose(walk_y=-s * k),
    "pan": lambda s, k: Pose(turn_x=s * k),
    "tilt": lambda s, k: Pose(turn_y=-s * k),
    "roll": lambda s, k: Pose(roll=8 * s * k),
    "zoom": _zoomed,
}
_PRESETS: dict[str, Callable[[float], Pose]] = {
    "down_back": lambda k: Pose(walk_y=0.9 * k, zoom=1.18 - 0.18 * k),
    "forward_up": lambda k: Pose(walk_y=-0.9 * k, zoom=1.18 + 0.18 * k),
    "right_turn_forward": lambda k: Pose(turn_x=0.9 * k, zoom=1.16 + 0.16 * k),
    "left_turn_forward": lambda k: Pose(turn_x=-0.9 * k, zoom=1.16 + 0.16 * k),
}
