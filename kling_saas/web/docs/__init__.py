"""The documentation: pages of Markdown filled with facts, as HTML, as Markdown, and as a list."""
