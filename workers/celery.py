"""Where ``celery -A workers`` looks. Importing it reads the environment, as a composition root does; nobody else imports it."""

from __future__ import annotations

from wishes.settings import from_environment
from workers.app import make_app

app = make_app(from_environment())
