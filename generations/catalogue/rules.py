"""Holds a draft against its model's spec and completes it with the model's defaults.

Each rule looks at one capability; none stops at the first violation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from generations.catalogue import camera_words
from generations.catalogue.capabilities import has, lacking, lacking_kind, who_has
from generations.catalogue.draft import SEED_MAX, SEED_ONLY, Draft
from generations.catalogue.params import Params
from generations.catalogue.spec import KIND_WORDS, Spec
from generations.catalogue.violations import Findings, shown


@dataclass(slots=True)
class Rules:
    """One request against one spec. `mode` and `duration` are settled first."""

    spec: Spec
    draft: Draft
    findings: Findings
    max_seconds: int
    sandbox: bool
    mode: str = ""
    duration: int = 0

    def apply(self) -> Params:
        """Every rule in turn; the result counts only if nothing was refused."""
        self._kind()
        self.mode = self._mode()
        self._multi_shot()
        self.duration = self._duration()
        self._dropped_where_lacking()
        self._camera()
        self._unsupported("image_tail", self.draft.image_tail is not None)
        self._unsupported("multi_prompt", self.draft.shot_type is not None)
        self._unsupported("elements", bool(self.draft.elements))
        self._masks()
        sound = self._sound()
        self._voices(sound)
        self._lists()
        self._exclusive()
        self._prompt()
        self._seed()
        return self._params(sound)

    def _params(self, sound: bool) -> Params:
        draft = self.draft
        return Params(
            model=self.spec.name,
            prompt=draft.prompt,
            negative_prompt=draft.negative_prompt,
            mode=self.mode,
            duration=self.duration,
            aspect_ratio=self._aspect_ratio(),
            cfg_scale=draft.cfg_scale,
            sound=sound,
            image=draft.image,
            image_tail=draft.image_tail,
            camera_control=draft.camera_control,
            shot_type=draft.shot_type,
            multi_prompt=draft.multi_prompt,
            voices=draft.voices,
            elements=draft.elements,
            static_mask=draft.static_mask,
            dynamic_masks=draft.dynamic_masks,
            watermark=draft.watermark,
            seed=draft.seed,
        )

    def _refuse(self, field: str, code: str, problem: str, limit: str, way_out: str) -> None:
        if not self.findings.refused(field):
            self.findings.refuse(field, code, problem, limit=limit, way_out=way_out)

    def _kind(self) -> None:
        reason = lacking_kind(self.spec, self.draft.kind)
        if reason:
            self._refuse(
                "image", "required", "is missing", reason, f"send an image, since {reason}"
            )

    def _mode(self) -> str:
        names, mode = self.spec.mode_names, self.draft.mode
        if mode is None:
            return self.spec.default_mode
        if mode in names:
            return mode
        # A model of one quality: Kling ignores the word, and the price is the same.
        if len(names) == 1 and mode != "4k":
            self.findings.warn(f"{self.spec.name} has one quality, billed as {names[0]}.")
            return names[0]
        self._refuse(
            "mode",
            "unsupported",
            f"of {self.spec.name} must be {' or '.join(names)}, not {mode}",
            ", ".join(names),
            f"send {names[-1]}",
        )
        return names[-1]

    def _multi_shot(self) -> None:
        draft = self.draft
        if draft.multi_prompt and draft.shot_type is None:
            draft.shot_type = "customize"
        if draft.multi_prompt and draft.shot_type == "intelligence":
            self._refuse(
                "multi_prompt",
                "conflict",
                "does not go with shot_type intelligence, which plans the shots from prompt",
                "shot_type customize",
                "send shot_type customize or leave multi_prompt out",
            )
        if draft.shot_type == "customize" and not draft.multi_prompt:
            self._customize_without_shots()

    def _customize_without_shots(self) -> None:
        if self.findings.lenient and not self.findings.refused("multi_prompt"):
            # Segmind's pages send shot_type always.
            self.draft.shot_type = None
            return
        self._refuse(
            "multi_prompt",
            "required",
            "is missing, shot_type customize takes its shots from it",
            "1 to 6 shots",
            "send multi_prompt or leave shot_type out",
        )

    def _duration(self) -> int:
        draft, total = self.draft, sum(shot.duration for shot in self.draft.multi_prompt)
        if not draft.multi_prompt:
            seconds = self.spec.default_duration if draft.duration is None else draft.duration
            return self._within(seconds, "duration", max(self.spec.durations))
        if self.findings.refused("multi_prompt"):
            return self.spec.default_duration
        if draft.duration is not None and draft.duration != total:
            self._refuse(
                "duration",
                "conflict",
                f"is {shown(draft.duration)} but the shots of multi_prompt add up to {total} s",
                str(total),
                f"send {total} or leave duration out",
            )
        return self._within(total, "multi_prompt", self.max_seconds)

    def _within(self, seconds: int, field: str, longest: int) -> int:
        allowed = self.spec.durations
        if seconds in allowed or max(allowed) < seconds <= longest:
            return seconds
        contiguous = len(allowed) > 2
        limit = f"{allowed[0]} to {longest}" if contiguous else " or ".join(map(str, allowed))
        nearest = allowed[0] if seconds < allowed[0] else longest
        elsewhere = "" if contiguous else ", or take kling-v3 for 3 to 15 s"
        self._refuse(
            field,
            "out_of_range",
            f"of {self.spec.name} must be {limit} seconds in all, not {shown(seconds)}",
            limit,
            f"choose {nearest if contiguous else limit}{elsewhere}",
        )
        return self.spec.default_duration

    def _dropped_where_lacking(self) -> None:
        draft, lenient = self.draft, self.findings.lenient
        for field, given in (
            ("negative_prompt", bool(draft.negative_prompt)),
            ("cfg_scale", draft.cfg_scale is not None),
        ):
            if not given or has(self.spec, field, draft.kind, self.mode, self.duration):
                continue
            if not lenient:
                self._unsupported(field, given=True)
            elif field == "cfg_scale" and self.spec.cfg_scale == "resellers":
                self.findings.warn(
                    f"{self.spec.name} has no cfg_scale at Kling itself; "
                    "it acts only where another upstream honours it."
                )
            else:
                self.findings.warn(f"{field} was dropped: {lacking(self.spec, field)}.")
                setattr(draft, field, None if field == "cfg_scale" else "")
        if draft.cfg_scale is None and self.spec.cfg_scale == "yes":
            draft.cfg_scale = 0.5

    def _camera(self) -> None:
        move = self.draft.camera_control
        if move is None:
            return
        camera = self.spec.camera
        available = has(self.spec, "camera_control", self.draft.kind, self.mode, self.duration)
        if available and camera and move.type in camera.types:
            return
        if self.findings.lenient:
            self._camera_in_words()
        elif available and camera:
            self._refuse(
                "camera_control.type",
                "unsupported",
                f"of {self.spec.name} must be {' or '.join(camera.types)}, not {move.type}",
                ", ".join(camera.types),
                f"send {camera.types[0]}",
            )
        else:
            self._unsupported("camera_control", given=True)

    def _camera_in_words(self) -> None:
        draft = self.draft
        if draft.camera_control is None:
            return
        words = camera_words.sentence(draft.camera_control)
        draft.camera_control = None
        first = draft.multi_prompt[0] if draft.multi_prompt else None
        # A customized multi-shot film is made from its shots; `prompt` is not read.
        prompt, most = (first.prompt, 512) if first else (draft.prompt, self.spec.prompt_max)
        written = f"{prompt} {words}".strip()
        reason = f"{self.spec.name} has no camera control for this variant"
        if len(written) > most:
            self.findings.warn(f"{reason}, and the prompt has no room for the move: left out.")
            return
        if first:
            shots = (replace(first, prompt=written), *draft.multi_prompt[1:])
            draft.multi_prompt = shots
        else:
            draft.prompt = written
        self.findings.warn(f"{reason}: the move was written into the prompt ({words})")

    def _unsupported(self, capability: str, given: bool, field: str = "") -> None:
        spec, draft = self.spec, self.draft
        if not given or has(spec, capability, draft.kind, self.mode, self.duration):
            return
        field = field or capability
        reason = lacking(spec, capability)
        variant = f"{spec.name} {self.mode} {self.duration} s {KIND_WORDS[draft.kind]}"
        self._refuse(
            field,
            "unsupported",
            f"is not possible with {variant}",
            who_has(capability),
            f"{reason}; or leave it out",
        )

    def _masks(self) -> None:
        """What is wrong inside masks is not told where there is no motion brush at all."""
        for field in ("static_mask", "dynamic_masks"):
            if getattr(self.draft, field) or self.findings.refused(field):
                if not has(self.spec, "masks", self.draft.kind, self.mode, self.duration):
                    self.findings.withdraw(field)
                self._unsupported("masks", given=True, field=field)

    def _sound(self) -> bool:
        rule, wanted = self.spec.sound, self.draft.sound
        if rule and rule.always:
            self._always_sounding()
            return True
        if not wanted:
            return False
        self._unsupported("sound", given=True)
        end = self.spec.end_frame
        if self.draft.image_tail and end and end.silent_only:
            self._refuse(
                "sound",
                "conflict",
                f"of {self.spec.name} does not go with image_tail",
                "silent with image_tail",
                "leave out sound or image_tail",
            )
        return True

    def _always_sounding(self) -> None:
        if self.draft.sound is not False:
            return
        if self.findings.lenient:
            self.findings.warn(f"{self.spec.name} always has sound; it cannot be switched off.")
            return
        self._refuse(
            "sound",
            "unsupported",
            f"of {self.spec.name} cannot be switched off",
            "true",
            "leave it out, or take kling-v3 for a silent film",
        )

    def _voices(self, sound: bool) -> None:
        if not self.draft.voices:
            return
        self._unsupported("voices", given=True)
        if not sound:
            self._refuse(
                "voices", "conflict", "need sound", "sound on", "send sound on or leave voices out"
            )

    def _lists(self) -> None:
        for field, rule in (("voices", self.spec.voices), ("elements", self.spec.elements)):
            count = len(getattr(self.draft, field))
            if rule and count > rule.most:
                self._refuse(
                    field,
                    "too_long",
                    f"has {count} entries, {rule.most} is the limit of {self.spec.name}",
                    str(rule.most),
                    f"send at most {rule.most}",
                )

    def _exclusive(self) -> None:
        draft = self.draft
        masked = draft.static_mask or draft.dynamic_masks
        self._one_of(
            ("image_tail", draft.image_tail),
            ("dynamic_masks" if draft.dynamic_masks else "static_mask", masked),
            ("camera_control", draft.camera_control),
        )
        self._one_of(("voices", draft.voices), ("elements", draft.elements))
        end = self.spec.end_frame
        if draft.image_tail and not draft.image and not (end and end.tail_only):
            self._refuse(
                "image",
                "required",
                f"is missing, {self.spec.name} takes image_tail only beside image",
                "image with image_tail",
                "send image as the first frame, or take kling-v1-6 pro for an end frame alone",
            )

    def _one_of(self, *pairs: tuple[str, object]) -> None:
        given = [name for name, value in pairs if value]
        for name in given[1:]:
            self._refuse(
                name,
                "conflict",
                f"does not go with {given[0]}",
                " or ".join(name for name, _ in pairs),
                f"send either {given[0]} or {name}",
            )

    def _aspect_ratio(self) -> str | None:
        ratio = self.draft.aspect_ratio
        if self.draft.kind == "text2video":
            return ratio or self.spec.aspect_ratios[0]
        if ratio and not self.findings.lenient:
            self._refuse(
                "aspect_ratio",
                "unsupported",
                "is that of the image in image-to-video",
                "text-to-video only",
                "leave it out and crop the image",
            )
        return ratio

    def _prompt(self) -> None:
        needed = self.draft.kind == "text2video" or self.draft.shot_type == "intelligence"
        shots = self.draft.multi_prompt or self.findings.refused("multi_prompt")
        if needed and not self.draft.prompt and not shots:
            self._refuse(
                "prompt",
                "required",
                "is missing",
                f"1 to {self.spec.prompt_max} characters",
                "describe the film",
            )

    def _seed(self) -> None:
        seed = self.draft.seed
        if seed is None:
            return
        if not self.sandbox:
            self._refuse(
                "seed", "unsupported", SEED_ONLY, "test keys and the sandbox", "leave it out"
            )
        elif not 0 <= seed <= SEED_MAX:
            self._refuse(
                "seed", "out_of_range", f"must be 0 to {SEED_MAX}", f"0 to {SEED_MAX}", "send one"
            )
