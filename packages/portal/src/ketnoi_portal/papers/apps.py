"""Django's name for this room, and what it adds to others."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.papers"
    label = "papers"

    def ready(self) -> None:
        """Papers on an application's page; acceptance is checked within the step."""
        from ketnoi_pages.text import Text
        from ketnoi_portal.onboarding import sections
        from ketnoi_portal.papers import acceptance, showing

        assert acceptance.check_acceptance  # registered by its import
        title = Text("Giấy tờ của hồ sơ", "The dossier's papers")
        sections.register(
            sections.Section("papers", title, "papers/section.html", showing.section, showing.section_visible, order=40)
        )
        sections.register(
            sections.Section(
                "drafts",
                Text("Bản thảo", "Drafts"),
                "papers/drafts.html",
                lambda page: {"drafts": showing.drafts_for(page.actor)},
                lambda page: showing.is_gathered(page) and bool(showing.drafts_for(page.actor)),
                order=45,
            )
        )
        for step in (
            "file_paper",
            "accept_paper",
            "reject_paper",
            "withdraw_commitment",
            "list_account",
            "unlist_account",
        ):
            sections.page_for(step, "papers:dossier")
        sections.words_for("export_dossier", Text("Xuất cả hồ sơ", "Export the whole dossier"))
