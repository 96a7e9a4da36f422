"""The film renderer: real MP4s, drawn from the prompt, that say they come from the sandbox."""

from generations.sandbox.film.render import Profile, fingerprint, render

__all__ = ["Profile", "fingerprint", "render"]
