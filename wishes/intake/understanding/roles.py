"""What a column may be, and how many columns of a table may be the same."""

from __future__ import annotations

FLAGS = ("flag_orphan", "flag_unattended", "flag_poor", "flag_disabled", "flag_left_behind", "flag_other")
ASIDE = ("health", "claimer", "link", "color", "ethnicity", "teacher", "teacher_phone", "reason", "remark", "ignored")
"""Roles that tell nothing of the child; what has one is not looked at again for what else it may be."""
STANDING_IN = ("parent", "parent_phone", "other_address")
"""Roles that count only where no column has the one they stand in for."""
MANY = frozenset(("wish", "price", "size", "qty", "phone", "types", "consent", *STANDING_IN, *ASIDE, *FLAGS))
"""Roles several columns of one table may have."""
