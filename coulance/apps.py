from django.apps import AppConfig


class CoulanceConfig(AppConfig):
    name = "coulance"

    def ready(self) -> None:
        """Teach the timeline, which knows of no rooms, the words for this one's acts."""
        from billing import timeline
        from coulance.acts import ACTS

        timeline.ACTS.update(ACTS)
