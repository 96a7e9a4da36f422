"""Which pages the documentation has, in the order of its navigation."""

from __future__ import annotations

from dataclasses import dataclass

from kling_saas.web.docs import reference

FIRST = "index"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: `slug` is its address below /docs, `summary` what it is for, in one sentence."""

    slug: str
    title: str
    summary: str

    @property
    def path(self) -> str:
        """Where it is on the site."""
        return "/docs" if self.slug == FIRST else f"/docs/{self.slug}"

    @property
    def twin(self) -> str:
        """Where the same is as Markdown."""
        return f"/docs/{self.slug}.md"


GROUPS: dict[str, tuple[Page, ...]] = {
    "Start": (
        Page(FIRST, "Quickstart", "From a key to a film in one command."),
        Page("authentication", "Authentication and keys", "Keys, scopes, terms, rotation, tokens."),
        Page("clients", "Clients", "Python, JavaScript and the command line, from this site."),
        Page("test-mode", "Test mode", "Test keys, sandbox films, and how to force each failure."),
    ),
    "Guides": (
        Page("generations", "Generations", "Order, wait, follow, cancel, and order again safely."),
        Page("prices", "Prices and money", "Quotes, holds, refunds, caps, the ledger."),
        Page("files", "Files", "Send an image, a film or a sound, and order with it."),
        Page("webhooks", "Webhooks and events", "Be told when it is done, and verify who says so."),
        Page("tasks", "Other products", "Lip-sync, effects, voices, and what they answer."),
        Page("agents", "Agents", "Films by an agent over MCP, within a cap and with your word."),
    ),
    "Operating": (
        Page("errors", "Errors", "Every code, what it means, and whether to send again."),
        Page("limits", "Limits", "Rates, sizes and how long things are kept."),
        Page("requests", "Requests log", "Look up any call that your programs made."),
        Page("organisation", "Organisation", "Members and invitations over the API."),
        Page("browsers", "Caches and browsers", "ETags, caches, and calls from web pages."),
        Page("deprecations", "Deprecations", "How you hear of what goes away."),
    ),
    "Moving here": (
        Page("from-kling", "From Kling", "Keep Kling’s paths, fields and signatures."),
        Page("from-segmind", "From Segmind", "Keep Segmind’s slugs, fields and headers."),
        Page("from-llmprovider", "From llmprovider", "Keep llmprovider’s task API."),
        Page("from-openai", "From OpenAI", "Keep OpenAI’s own client."),
    ),
    "Reference": tuple(
        Page(f"reference-{group.slug}", group.title, group.summary) for group in reference.GROUPS
    ),
}
PAGES = {page.slug: page for pages in GROUPS.values() for page in pages}
