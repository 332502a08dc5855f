"""The worker as a Django application."""

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    """Tasks and how they fare; also brings the commands `web`, `worker` and `migrate`."""

    name = "ketnoi_portal.worker"
    label = "worker"
