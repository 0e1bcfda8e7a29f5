"""The WSGI application that ``soar2 web`` serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
application = get_wsgi_application()
