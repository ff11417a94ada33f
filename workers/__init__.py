"""What strikes by itself: Celery's app, its tasks and schedule, and the processes that keep them running."""
