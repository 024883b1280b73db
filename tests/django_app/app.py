"""A Django site whose people sign in by mozilla-django-oidc: the settings (`of_the_guide`) and the code for accounts (`wiki`) are those
of docs/applications.md."""

import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
import of_the_guide
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import include, path

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "mozilla_django_oidc"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    USE_TZ=True,
    **{name: value for name, value in vars(of_the_guide).items() if name.isupper()},
)
django.setup()


def home(request):
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"user": None})
    groups = sorted(user.groups.values_list("name", flat=True))
    return JsonResponse({"user": user.username, "email": user.email, "groups": groups})


urlpatterns = [
    path("", home),
    path("refused", lambda request: HttpResponse("refused", status=403)),
    path("oidc/", include("mozilla_django_oidc.urls")),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Addresses hold codes."""


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), handler_class=Quiet).serve_forever()
