"""The WSGI application, for granian."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from ketnoi_pages.octets import ReadableTypes

os.environ["DJANGO_SETTINGS_MODULE"] = "ketnoi_identity.site.settings"

application = ReadableTypes(get_wsgi_application())
