"""Microwish: run micro-wish (微心愿) campaigns, from the senders' workbooks to a confirmed hand-over."""
