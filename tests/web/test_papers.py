"""Help and legal pages: templates that say so, and the operator's own words in their place."""

from __future__ import annotations

from pathlib import Path

from django.test import Client, override_settings

from kling_saas.web import papers


def test_a_template_says_that_it_is_one_and_what_holds_here() -> None:
    browser = Client(headers={"Host": "127.0.0.1"})
    with override_settings(TRASH_DAYS=17, OPERATOR="Lighthouse Films"):
        papers._body.cache_clear()
        page = browser.get("/legal/privacy").content.decode()
        papers._body.cache_clear()
    assert "Lighthouse Films, reached at" in page
    assert "17 days in the trash" in page
    assert "template that comes with the software" in page
    assert "template" not in browser.get("/help").content.decode()
    assert browser.get("/legal/../help").status_code == 404
    assert browser.get("/legal/secrets").status_code == 404


def test_an_operators_own_text_takes_the_place_of_the_template(tmp_path: Path) -> None:
    (tmp_path / "terms.md").write_text(
        "## Ours\n\nWritten by our lawyer. <script>alert(1)</script>"
    )
    browser = Client(headers={"Host": "127.0.0.1"})
    with override_settings(PAPERS_DIR=str(tmp_path)):
        papers._body.cache_clear()
        page = browser.get("/legal/terms").content.decode()
        other = browser.get("/legal/refunds").content.decode()
    papers._body.cache_clear()
    assert "Written by our lawyer. &lt;script&gt;" in page
    assert "template that comes" not in page
    assert "template that comes" in other
