"""The real servers the suite runs against: PostgreSQL, Redis, Chromium. Fixtures: ``tests.services.fixtures``."""
