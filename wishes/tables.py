"""Every room's tables in one import, for migrations and tests. Nothing else belongs here."""

import wishes.campaigns.tables
import wishes.claims.tables
import wishes.custody.tables
import wishes.events.tables
import wishes.feedback.tables
import wishes.handover.tables
import wishes.intake.tables
import wishes.people.tables
import wishes.printing.tables
import wishes.protection.tables
import wishes.tracking.tables  # noqa: F401
