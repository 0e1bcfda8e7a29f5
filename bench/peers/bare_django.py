"""The peer: a bare Django view behind granian. Token, JSON, one insert with its own commit, then 201.

No middleware, no session, no ORM object: the least that Django can do. Same worker settings as the product's
web process; a psycopg pool, so that no request opens a connection.
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
import uuid
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from granian import Granian
from granian.constants import Interfaces

from soar2.config.postgres import database_settings

INSERT = "INSERT INTO bench_plain (control_id, raw) VALUES (%s, %s)"


def configure():
    database = database_settings(os.environ["BENCH_DATABASE"])
    database["OPTIONS"] = database.get("OPTIONS", {}) | {"pool": {"min_size": 8, "max_size": 16}}
    settings.configure(
        DATABASES={"default": database},
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1"],
        SECRET_KEY="only for the bench",  # noqa: S106
        MIDDLEWARE=[],
        DATA_UPLOAD_MAX_MEMORY_SIZE=16 << 20,
        USE_TZ=True,
    )
    django.setup()


def known(request):
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(hashlib.sha256(key.encode()).hexdigest(), os.environ["BENCH_TOKEN_DIGEST"])


def create(request):
    if not known(request):
        return HttpResponse(status=401)
    try:
        report = json.loads(request.body)
    except ValueError:
        return HttpResponse(status=400)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [report["identifier"][0]["value"], request.body])
    headers = {"Location": f"/fhir/DiagnosticReport/{uuid.uuid4()}", "Content-Length": "0"}
    return HttpResponse(status=201, headers=headers)


urlpatterns = [path("fhir/DiagnosticReport", create)]


def serve(port):
    sys.path.insert(0, str(Path(__file__).parent))
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    Granian(
        "bare_django:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=16,
        backpressure=64,
        log_access=False,
        workers_kill_timeout=5,
    ).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    serve(parser.parse_args().port)
else:
    configure()
    application = get_wsgi_application()
