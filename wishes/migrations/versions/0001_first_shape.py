"""First shape."""

import sqlalchemy as sa
from alembic import op

import wishes.db
from wishes.migrations.guards import drop_event_guard, guard_events

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_anchor",
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=33), nullable=False),
        sa.Column("made_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("made_on", name=op.f("pk_audit_anchor")),
    )
    op.create_table(
        "audit_link",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=33), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=33), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("source", "row_id", name=op.f("uq_audit_link_source_row_id")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("candidate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("candidate_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_audit_seal")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("beaten_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisation_slug")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempt_key_at", ["key", "at"], unique=False)

    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("login", sa.String(120), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("second_step", sa.LargeBinary(), nullable=True),
        sa.Column(
            "second_step_used", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False
        ),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_account_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("place", sa.String(100), nullable=False),
        sa.Column("city_code", sa.String(12), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("price_ceiling_fen", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_campaign_dates_ordered")),
        sa.CheckConstraint("price_ceiling_fen > 0", name=op.f("ck_campaign_ceiling_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_campaign_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "added_check",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("zh", sa.String(60), nullable=False),
        sa.Column("en", sa.String(120), nullable=False),
        sa.Column("added_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("added_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_added_check_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_added_check")),
    )
    with op.batch_alter_table("added_check", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_added_check_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_token_secret_hash")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_token_account_id"), ["account_id"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("access_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("recorded_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_audit_entry_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_campaign", ["campaign_id", "id"], unique=False)
        batch_op.create_index("ix_audit_entry_child", ["child_id", "id"], unique=False)

    op.create_table(
        "branch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("county_code", sa.String(12), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("liked", sa.JSON(), nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column("pledge_count", sa.Integer(), nullable=True),
        sa.Column("pledge_fen", sa.Integer(), nullable=True),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.Column("used_fen", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(60), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("address", sa.String(120), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pledge_count IS NULL OR used_count <= pledge_count", name=op.f("ck_branch_pledge_count")),
        sa.CheckConstraint("pledge_fen IS NULL OR used_fen <= pledge_fen", name=op.f("ck_branch_pledge_fen")),
        sa.CheckConstraint("used_count >= 0 AND used_fen >= 0", name=op.f("ck_branch_used_not_negative")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_branch_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branch")),
        sa.UniqueConstraint("campaign_id", "name", name=op.f("uq_branch_campaign_id_name")),
    )
    op.create_table(
        "catalogue_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.String(60), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("category_zh", sa.String(24), nullable=False),
        sa.Column("needs", sa.String(12), nullable=False),
        sa.Column("price_low_fen", sa.Integer(), nullable=True),
        sa.Column("price_high_fen", sa.Integer(), nullable=True),
        sa.Column("measure_word", sa.String(8), nullable=False),
        sa.Column("size_kind", sa.String(24), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_catalogue_item_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item")),
        sa.UniqueConstraint("campaign_id", "item", name=op.f("uq_catalogue_item_campaign_id_item")),
    )
    op.create_table(
        "community",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("township_code", sa.String(12), nullable=False),
        sa.Column("county_code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_community_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_community")),
        sa.UniqueConstraint(
            "campaign_id", "township_code", "name", name=op.f("uq_community_campaign_id_township_code_name")
        ),
    )
    op.create_table(
        "concern",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("uid", sa.String(20), nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("reported_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("handled_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("handled_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_concern_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_concern_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["handled_by"], ["account.id"], name=op.f("fk_concern_handled_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern")),
        sa.UniqueConstraint("uid", name=op.f("uq_concern_uid")),
    )
    with op.batch_alter_table("concern", schema=None) as batch_op:
        batch_op.create_index("ix_concern_campaign", ["campaign_id", "id"], unique=False)
        batch_op.create_index("ix_concern_sender", ["sender", "reported_at"], unique=False)

    op.create_table(
        "device",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("uid", sa.String(40), nullable=False),
        sa.Column("skew_s", sa.Integer(), nullable=True),
        sa.Column("first_seen_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_device_account_id_account")),
        sa.ForeignKeyConstraint(["revoked_by"], ["account.id"], name=op.f("fk_device_revoked_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("account_id", "uid", name=op.f("uq_device_account_id_uid")),
    )
    op.create_table(
        "household",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_household_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    with op.batch_alter_table("household", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_household_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "match_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("inputs_hash", sa.String(64), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("unmatched", sa.JSON(), nullable=False),
        sa.Column("advice", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=True),
        sa.Column("plan", sa.LargeBinary(), nullable=True),
        sa.Column("started_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("started_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_match_run_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["started_by"], ["account.id"], name=op.f("fk_match_run_started_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_run")),
    )
    with op.batch_alter_table("match_run", schema=None) as batch_op:
        batch_op.create_index("ix_match_run_campaign", ["campaign_id", "id"], unique=False)

    op.create_table(
        "one_time_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(12), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_one_time_code_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index("ix_one_time_code_account", ["account_id", "purpose", "id"], unique=False)

    op.create_table(
        "outside_identity",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(12), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("connected_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_outside_identity_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_identity")),
        sa.UniqueConstraint("digest", name=op.f("uq_outside_identity_digest")),
    )
    with op.batch_alter_table("outside_identity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outside_identity_account_id"), ["account_id"], unique=False)

    op.create_table(
        "passkey",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transports", sa.String(80), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_passkey_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_account_id"), ["account_id"], unique=False)

    op.create_table(
        "past_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("taken_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("imported_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_past_file_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_file")),
        sa.UniqueConstraint("campaign_id", "digest", name=op.f("uq_past_file_campaign_id_digest")),
    )
    op.create_table(
        "past_wish",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ref", sa.String(24), nullable=False),
        sa.Column("county_code", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_past_wish_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_wish")),
        sa.UniqueConstraint("campaign_id", "ref", name=op.f("uq_past_wish_campaign_id_ref")),
    )
    op.create_table(
        "place",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("level", sa.String(12), nullable=False),
        sa.Column("county_code", sa.String(12), nullable=False),
        sa.Column("county", sa.String(60), nullable=False),
        sa.Column("former_county", sa.String(60), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("point_source", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_place_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_place_campaign_id_code")),
    )
    op.create_table(
        "print_job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("layout", sa.String(12), nullable=False),
        sa.Column("narrowed", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem_zh", sa.String(200), nullable=False),
        sa.Column("problem_en", sa.String(200), nullable=False),
        sa.Column("uid", sa.String(24), nullable=False),
        sa.Column("file_key", sa.LargeBinary(), nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("ordered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_print_job_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["ordered_by"], ["account.id"], name=op.f("fk_print_job_ordered_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_job")),
    )
    with op.batch_alter_table("print_job", schema=None) as batch_op:
        batch_op.create_index("ix_print_job_ordered", ["ordered_by", "campaign_id", "id"], unique=False)
        batch_op.create_index("ix_print_job_state", ["state", "id"], unique=False)

    op.create_table(
        "recovery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("approved_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_account_id_account")),
        sa.ForeignKeyConstraint(["approved_by"], ["account.id"], name=op.f("fk_recovery_approved_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
    )
    with op.batch_alter_table("recovery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_account_id"), ["account_id"], unique=False)

    op.create_table(
        "shared_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("narrowed", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_shared_view_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_shared_view_created_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_view")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_shared_view_secret_hash")),
    )
    with op.batch_alter_table("shared_view", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shared_view_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "shipment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(40), nullable=False),
        sa.Column("route", sa.String(120), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("left_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("left_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_shipment_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_shipment_campaign_id_number")),
    )
    op.create_table(
        "spare_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_spare_code_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spare_code")),
    )
    with op.batch_alter_table("spare_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_spare_code_account_id"), ["account_id"], unique=False)

    op.create_table(
        "stock_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shelf", sa.String(20), nullable=False),
        sa.Column("started_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("started_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_stock_count_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count")),
    )
    with op.batch_alter_table("stock_count", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stock_count_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "taught_column",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sender", sa.String(160), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("taught_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("taught_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_taught_column_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["taught_by"], ["account.id"], name=op.f("fk_taught_column_taught_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taught_column")),
        sa.UniqueConstraint("campaign_id", "sender", "title", name=op.f("uq_taught_column_campaign_id_sender_title")),
    )
    op.create_table(
        "taught_word",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sender", sa.String(160), server_default="", nullable=False),
        sa.Column("book", sa.String(12), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        sa.Column("word", sa.String(60), nullable=False),
        sa.Column("taught_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("taught_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_taught_word_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["taught_by"], ["account.id"], name=op.f("fk_taught_word_taught_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taught_word")),
        sa.UniqueConstraint(
            "campaign_id", "sender", "book", "key", "word", name=op.f("uq_taught_word_campaign_id_sender_book_key_word")
        ),
    )
    op.create_table(
        "web_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.String(200), nullable=False),
        sa.Column("awaits", sa.String(8), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_web_session_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_web_session_secret_hash")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "box",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shipment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_box_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_box_community_id_community")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_box_shipment_id_shipment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box")),
        sa.UniqueConstraint("campaign_id", "number", name=op.f("uq_box_campaign_id_number")),
    )
    with op.batch_alter_table("box", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_box_shipment_id"), ["shipment_id"], unique=False)

    op.create_table(
        "child",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("household_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alias", sa.String(40), nullable=False),
        sa.Column("sex", sa.String(1), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("name_index", sa.LargeBinary(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("identity", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("erased_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_child_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_child_community_id_community")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_child_household_id_household")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
    )
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_child_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_child_household_id"), ["household_id"], unique=False)
        batch_op.create_index("ix_child_name_index", ["campaign_id", "name_index"], unique=False)

    op.create_table(
        "import_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("problem_zh", sa.String(300), nullable=False),
        sa.Column("problem_en", sa.String(300), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("sent_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("batch", sa.String(32), server_default="", nullable=False),
        sa.Column("size_bytes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("original_key", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_import_file_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_import_file_community_id_community")),
        sa.ForeignKeyConstraint(["sent_by"], ["account.id"], name=op.f("fk_import_file_sent_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
    )
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.create_index("ix_import_file_campaign_digest", ["campaign_id", "digest"], unique=False)
        batch_op.create_index("ix_import_file_state", ["state", "campaign_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_invitation_branch_id_branch")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_invitation_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_invitation_created_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_invitation_secret_hash")),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_branch_id"), ["branch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invitation_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "past_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("past_wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("occurred_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(24), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_past_event_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["past_wish_id"], ["past_wish.id"], name=op.f("fk_past_event_past_wish_id_past_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_event")),
        sa.UniqueConstraint(
            "past_wish_id", "kind", "occurred_at", name=op.f("uq_past_event_past_wish_id_kind_occurred_at")
        ),
    )
    with op.batch_alter_table("past_event", schema=None) as batch_op:
        batch_op.create_index("ix_past_event_campaign", ["campaign_id", "id"], unique=False)

    op.create_table(
        "volunteer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(24), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("county_code", sa.String(12), nullable=False),
        sa.Column("duties", sa.JSON(), nullable=False),
        sa.Column("skills", sa.String(200), nullable=False),
        sa.Column("qualification", sa.String(80), nullable=False),
        sa.Column("vetted_on", sa.Date(), nullable=True),
        sa.Column("trained_on", sa.Date(), nullable=True),
        sa.Column("claim_limit", sa.Integer(), nullable=False),
        sa.Column("live_claims", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("live_claims >= 0 AND live_claims <= claim_limit", name=op.f("ck_volunteer_claim_limit")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_volunteer_branch_id_branch")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_volunteer_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_volunteer_campaign_id_code")),
    )
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.create_index("ix_volunteer_branch", ["branch_id"], unique=False)

    op.create_table(
        "authorised_receiver",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(20), nullable=False),
        sa.Column("relation", sa.String(12), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=True),
        sa.Column("listed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("listed_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("withdrawn_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_authorised_receiver_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_authorised_receiver_child_id_child")),
        sa.ForeignKeyConstraint(["listed_by"], ["account.id"], name=op.f("fk_authorised_receiver_listed_by_account")),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["account.id"], name=op.f("fk_authorised_receiver_withdrawn_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorised_receiver")),
        sa.UniqueConstraint("uid", name=op.f("uq_authorised_receiver_uid")),
    )
    with op.batch_alter_table("authorised_receiver", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_authorised_receiver_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_authorised_receiver_child_id"), ["child_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("basis", sa.String(12), nullable=False),
        sa.Column("giver", sa.String(12), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("evidence", sa.String(200), nullable=False),
        sa.Column("given_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("withdrawn_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_consent_child_id_child")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name=op.f("fk_consent_recorded_by_account")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.id"], name=op.f("fk_consent_withdrawn_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_child_id"), ["child_id"], unique=False)

    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("erased_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("erased_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_erasure_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_erasure_child_id_child")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("uid", name=op.f("uq_erasure_uid")),
    )
    with op.batch_alter_table("erasure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_erasure_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "guardian_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_guardian_link_child_id_child")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_guardian_link_created_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardian_link")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_guardian_link_secret_hash")),
    )
    with op.batch_alter_table("guardian_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guardian_link_child_id"), ["child_id"], unique=False)

    op.create_table(
        "identity_access",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("asked_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.String(200), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_identity_access_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_identity_access_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_identity_access_child_id_child")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_identity_access_community_id_community")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_identity_access_decided_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_access")),
    )
    with op.batch_alter_table("identity_access", schema=None) as batch_op:
        batch_op.create_index("ix_identity_access_account", ["account_id", "campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_identity_access_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "legal_hold",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("placed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("placed_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lifted_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_legal_hold_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_legal_hold_child_id_child")),
        sa.ForeignKeyConstraint(["lifted_by"], ["account.id"], name=op.f("fk_legal_hold_lifted_by_account")),
        sa.ForeignKeyConstraint(["placed_by"], ["account.id"], name=op.f("fk_legal_hold_placed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_legal_hold_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "role_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "social_worker",
                "volunteer",
                "branch_secretary",
                "courier",
                "inspector",
                "coordinator",
                "campaign_admin",
                "auditor",
                "site_admin",
                name="role",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("volunteer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("granted_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_role_grant_account_id_account")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_role_grant_branch_id_branch")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_role_grant_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_role_grant_community_id_community")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_role_grant_volunteer_id_volunteer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "account_id",
            "role",
            "campaign_id",
            "community_id",
            "branch_id",
            "volunteer_id",
            name=op.f("uq_role_grant_account_id_role_campaign_id_community_id_branch_id_volunteer_id"),
        ),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_grant_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_role_grant_branch", ["branch_id"], unique=False)
        batch_op.create_index("ix_role_grant_campaign_role", ["campaign_id", "role"], unique=False)
        batch_op.create_index("ix_role_grant_volunteer", ["volunteer_id"], unique=False)

    op.create_table(
        "wish",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column("kind", sa.Enum("goods", "service", name="kind", native_enum=False, length=24), nullable=False),
        sa.Column("need", sa.String(12), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("item", sa.String(80), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("size_kind", sa.String(24), nullable=False),
        sa.Column("size", sa.String(40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_low_fen", sa.Integer(), nullable=True),
        sa.Column("price_high_fen", sa.Integer(), nullable=True),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(12), nullable=False),
        sa.Column("township_code", sa.String(12), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "rejected",
                "verified",
                "open",
                "proposed",
                "claimed",
                "scheduled",
                "ready",
                "inspected",
                "in_transit",
                "delivered",
                "disputed",
                "closed",
                "cancelled",
                name="status",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("taker_branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("taker_volunteer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("verified_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("published_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("proposed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ready_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("dispatched_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("scheduled_on", sa.Date(), nullable=True),
        sa.CheckConstraint("price_fen >= 0", name=op.f("ck_wish_price_not_negative")),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_wish_quantity")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_wish_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_wish_child_id_child")),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_wish_community_id_community")),
        sa.ForeignKeyConstraint(["taker_branch_id"], ["branch.id"], name=op.f("fk_wish_taker_branch_id_branch")),
        sa.ForeignKeyConstraint(
            ["taker_volunteer_id"], ["volunteer.id"], name=op.f("fk_wish_taker_volunteer_id_volunteer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish")),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_wish_campaign_id_code")),
    )
    with op.batch_alter_table("wish", schema=None) as batch_op:
        batch_op.create_index("ix_wish_campaign_status", ["campaign_id", "status", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_wish_child_id"), ["child_id"], unique=False)
        batch_op.create_index("ix_wish_community_status", ["community_id", "status"], unique=False)
        batch_op.create_index("ix_wish_taker_branch", ["taker_branch_id"], unique=False)
        batch_op.create_index("ix_wish_taker_volunteer", ["taker_volunteer_id"], unique=False)

    op.create_table(
        "clock",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("opened_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("postponed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("paused_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.String(200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(60), nullable=False),
        sa.Column("closed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_clock_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_clock_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clock_campaign_open",
            ["campaign_id", "due_at", "stage"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_clock_due",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL"),
            postgresql_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_clock_one_open",
            ["wish_id"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "consent_scan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("consent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(24), nullable=False),
        sa.Column("scan_key", sa.LargeBinary(), nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("kept_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kept_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_consent_scan_child_id_child")),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_consent_scan_consent_id_consent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_scan")),
        sa.UniqueConstraint("uid", name=op.f("uq_consent_scan_uid")),
    )
    with op.batch_alter_table("consent_scan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_scan_child_id"), ["child_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_consent_scan_consent_id"), ["consent_id"], unique=False)

    op.create_table(
        "counted_thing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seen_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["count_id"], ["stock_count.id"], name=op.f("fk_counted_thing_count_id_stock_count")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_counted_thing_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counted_thing")),
        sa.UniqueConstraint("count_id", "wish_id", name=op.f("uq_counted_thing_count_id_wish_id")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("old_status", sa.String(16), nullable=True),
        sa.Column("new_status", sa.String(16), nullable=True),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("occurred_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("announced_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_event_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_event_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_campaign", ["campaign_id", "id"], unique=False)
        batch_op.create_index(
            "ix_event_unannounced",
            ["id"],
            unique=False,
            sqlite_where=sa.text("announced_at IS NULL"),
            postgresql_where=sa.text("announced_at IS NULL"),
        )
        batch_op.create_index("ix_event_wish", ["wish_id", "id"], unique=False)

    op.create_table(
        "feedback_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("side", sa.String(12), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_feedback_link_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_feedback_link_created_by_account")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_feedback_link_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_link")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_feedback_link_code_hash")),
    )
    with op.batch_alter_table("feedback_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_link_wish_id"), ["wish_id"], unique=False)

    op.create_table(
        "import_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sheet", sa.String(80), nullable=False),
        sa.Column("cell", sa.String(12), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("duplicate_of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reading", sa.LargeBinary(), nullable=True),
        sa.Column("resolved_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["duplicate_of_id"], ["import_row.id"], name=op.f("fk_import_row_duplicate_of_id_import_row")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["import_file.id"], name=op.f("fk_import_row_file_id_import_file")),
        sa.ForeignKeyConstraint(["resolved_by"], ["account.id"], name=op.f("fk_import_row_resolved_by_account")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_import_row_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_row")),
        sa.UniqueConstraint("file_id", "sheet", "cell", "part", name=op.f("uq_import_row_file_id_sheet_cell_part")),
    )
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.create_index("ix_import_row_file_status", ["file_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_row_wish_id"), ["wish_id"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("effect_key", sa.String(120), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("clock_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("message_key", sa.String(48), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(200), nullable=False),
        sa.Column("run_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("read_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_notice_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_notice_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("effect_key", name=op.f("uq_notice_effect_key")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_channel_sent", ["channel", "sent_at"], unique=False)
        batch_op.create_index(
            "ix_notice_failed",
            ["campaign_id", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('failed', 'unsure')"),
            postgresql_where=sa.text("state IN ('failed', 'unsure')"),
        )
        batch_op.create_index("ix_notice_inbox", ["account_id", "id"], unique=False)
        batch_op.create_index(
            "ix_notice_queue",
            ["run_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'taken', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'taken', 'sending')"),
        )

    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("volunteer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "accepted",
                "declined",
                "expired",
                "withdrawn",
                name="proposalstate",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("proposed_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_proposal_branch_id_branch")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_proposal_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["run_id"], ["match_run.id"], name=op.f("fk_proposal_run_id_match_run")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_proposal_volunteer_id_volunteer")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_proposal_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index("ix_proposal_branch_state", ["branch_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposal_run_id"), ["run_id"], unique=False)
        batch_op.create_index("ix_proposal_volunteer_state", ["volunteer_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposal_wish_id"), ["wish_id"], unique=False)
        batch_op.create_index(
            "uq_proposal_one_open",
            ["wish_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("volunteer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("proposal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("via", sa.String(12), nullable=False),
        sa.Column(
            "state",
            sa.Enum("live", "delivered", "ended", name="claimstate", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("spend_fen", sa.Integer(), nullable=False),
        sa.Column("claimed_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("lapsed", sa.Boolean(), nullable=False),
        sa.Column("excused_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(200), nullable=False),
        sa.CheckConstraint("spend_fen >= 0", name=op.f("ck_claim_spend_not_negative")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_claim_branch_id_branch")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_claim_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_claim_proposal_id_proposal")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_claim_volunteer_id_volunteer")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_claim_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index("ix_claim_branch_state", ["branch_id", "state"], unique=False)
        batch_op.create_index("ix_claim_volunteer_state", ["volunteer_id", "state"], unique=False)
        batch_op.create_index("ix_claim_wish", ["wish_id"], unique=False)
        batch_op.create_index(
            "uq_claim_one_live",
            ["wish_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('live', 'delivered')"),
            postgresql_where=sa.text("state IN ('live', 'delivered')"),
        )

    op.create_table(
        "appointment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(60), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("proposed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("taker_agreed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("community_agreed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("taker_attended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("community_attended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("end", sa.String(12), nullable=False),
        sa.Column("absent", sa.String(12), nullable=False),
        sa.Column("ended_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_appointment_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_appointment_claim_id_claim")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_appointment_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appointment_wish_id"), ["wish_id"], unique=False)
        batch_op.create_index(
            "uq_appointment_one_running",
            ["claim_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "custody_picture",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("about", sa.String(16), nullable=False),
        sa.Column("uid", sa.String(24), nullable=False),
        sa.Column("picture_key", sa.LargeBinary(), nullable=True),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("kept_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kept_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_custody_picture_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_custody_picture_claim_id_claim")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_custody_picture_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_picture")),
        sa.UniqueConstraint("uid", name=op.f("uq_custody_picture_uid")),
    )
    with op.batch_alter_table("custody_picture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_custody_picture_wish_id"), ["wish_id"], unique=False)

    op.create_table(
        "feedback",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("side", sa.String(12), nullable=False),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(600), nullable=False),
        sa.Column("thanks", sa.String(300), nullable=False),
        sa.Column("thanks_state", sa.String(12), nullable=False),
        sa.Column("masked", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("given_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("stars IS NULL OR stars BETWEEN 1 AND 5", name=op.f("ck_feedback_stars")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_feedback_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_feedback_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_feedback_claim_id_claim")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_feedback_decided_by_account")),
        sa.ForeignKeyConstraint(["link_id"], ["feedback_link.id"], name=op.f("fk_feedback_link_id_feedback_link")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_feedback_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index("ix_feedback_thanks", ["campaign_id", "thanks_state", "id"], unique=False)
        batch_op.create_index("ix_feedback_wish", ["wish_id", "id"], unique=False)

    op.create_table(
        "hand_over",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("evidence", sa.String(16), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("scanned_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hand_over_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_hand_over_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_hand_over_claim_id_claim")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_hand_over_device_id_device")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_hand_over_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
        sa.UniqueConstraint("uid", name=op.f("uq_hand_over_uid")),
    )
    with op.batch_alter_table("hand_over", schema=None) as batch_op:
        batch_op.create_index("ix_hand_over_claim", ["claim_id"], unique=False)
        batch_op.create_index("ix_hand_over_wish", ["wish_id"], unique=False)
        batch_op.create_index(
            "uq_hand_over_one_confirmed",
            ["claim_id"],
            unique=True,
            sqlite_where=sa.text("state = 'confirmed'"),
            postgresql_where=sa.text("state = 'confirmed'"),
        )

    op.create_table(
        "inspection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("on_the_spot", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("first", "passed", "failed", "over", name="look", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("first_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("second_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("second_name", sa.String(40), nullable=False),
        sa.Column("second_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name=op.f("ck_inspection_two_people")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_inspection_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_inspection_claim_id_claim")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_inspection_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
    )
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        batch_op.create_index("ix_inspection_claim", ["claim_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_inspection_wish_id"), ["wish_id"], unique=False)
        batch_op.create_index(
            "uq_inspection_one_open",
            ["claim_id"],
            unique=True,
            sqlite_where=sa.text("state = 'first'"),
            postgresql_where=sa.text("state = 'first'"),
        )

    op.create_table(
        "label",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("tag", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kid", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(13), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("created_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("voided_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_label_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_label_claim_id_claim")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_label_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("claim_id", "epoch", name=op.f("uq_label_claim_id_epoch")),
        sa.UniqueConstraint("tag", name=op.f("uq_label_tag")),
    )
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_code"), ["code"], unique=False)
        batch_op.create_index(batch_op.f("ix_label_wish_id"), ["wish_id"], unique=False)

    op.create_table(
        "parcel",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shelf", sa.String(20), nullable=False),
        sa.Column("received_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("received_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("box_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("packed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("packed_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(shelf = '') = (received_at IS NULL)", name=op.f("ck_parcel_received_when")),
        sa.CheckConstraint("(box_id IS NULL) = (packed_at IS NULL)", name=op.f("ck_parcel_packed_when")),
        sa.ForeignKeyConstraint(["box_id"], ["box.id"], name=op.f("fk_parcel_box_id_box")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_parcel_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_parcel_claim_id_claim")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_parcel_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_parcel_claim_id")),
    )
    with op.batch_alter_table("parcel", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parcel_box_id"), ["box_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_parcel_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_parcel_wish_id"), ["wish_id"], unique=False)

    op.create_table(
        "scan_settlement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("nonces", sa.JSON(), nullable=False),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("settled_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_scan_settlement_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_scan_settlement_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_scan_settlement_claim_id_claim")),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_scan_settlement_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_settlement")),
    )
    with op.batch_alter_table("scan_settlement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scan_settlement_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_scan_settlement_claim_id"), ["claim_id"], unique=False)

    op.create_table(
        "scan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wish_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("nonce", sa.String(40), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("action", sa.String(12), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_seq", sa.Integer(), nullable=True),
        sa.Column("device_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", wishes.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("skew_s", sa.Integer(), nullable=True),
        sa.Column("clock", sa.String(8), nullable=False),
        sa.Column("occurred_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("evidence", sa.String(16), nullable=False),
        sa.Column("receiver", sa.String(12), nullable=False),
        sa.Column("receiver_name", sa.LargeBinary(), nullable=True),
        sa.Column("place", sa.String(5), nullable=False),
        sa.Column("receiver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("photo", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_scan_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_scan_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_scan_claim_id_claim")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_scan_device_id_device")),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_scan_label_id_label")),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["authorised_receiver.id"], name=op.f("fk_scan_receiver_id_authorised_receiver")
        ),
        sa.ForeignKeyConstraint(["wish_id"], ["wish.id"], name=op.f("fk_scan_wish_id_wish")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
        sa.UniqueConstraint("nonce", name=op.f("uq_scan_nonce")),
    )
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.create_index("ix_scan_campaign", ["campaign_id", "id"], unique=False)
        batch_op.create_index("ix_scan_claim", ["claim_id"], unique=False)
        batch_op.create_index("ix_scan_device", ["device_id", "device_seq"], unique=False)
        batch_op.create_index("ix_scan_wish", ["wish_id"], unique=False)

    op.create_table(
        "scan_photo",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("photo_key", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("kept_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kept_at", wishes.db.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["kept_by"], ["account.id"], name=op.f("fk_scan_photo_kept_by_account")),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_scan_photo_scan_id_scan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_photo")),
        sa.UniqueConstraint("scan_id", "digest", name=op.f("uq_scan_photo_scan_id_digest")),
    )
    guard_events(op.get_bind())


def downgrade() -> None:
    drop_event_guard(op.get_bind())
    op.drop_table("scan_photo")
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.drop_index("ix_scan_wish")
        batch_op.drop_index("ix_scan_device")
        batch_op.drop_index("ix_scan_claim")
        batch_op.drop_index("ix_scan_campaign")

    op.drop_table("scan")
    with op.batch_alter_table("scan_settlement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scan_settlement_claim_id"))
        batch_op.drop_index(batch_op.f("ix_scan_settlement_campaign_id"))

    op.drop_table("scan_settlement")
    with op.batch_alter_table("parcel", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parcel_wish_id"))
        batch_op.drop_index(batch_op.f("ix_parcel_campaign_id"))
        batch_op.drop_index(batch_op.f("ix_parcel_box_id"))

    op.drop_table("parcel")
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_label_wish_id"))
        batch_op.drop_index(batch_op.f("ix_label_code"))

    op.drop_table("label")
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_inspection_one_open",
            sqlite_where=sa.text("state = 'first'"),
            postgresql_where=sa.text("state = 'first'"),
        )
        batch_op.drop_index(batch_op.f("ix_inspection_wish_id"))
        batch_op.drop_index("ix_inspection_claim")

    op.drop_table("inspection")
    with op.batch_alter_table("hand_over", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_hand_over_one_confirmed",
            sqlite_where=sa.text("state = 'confirmed'"),
            postgresql_where=sa.text("state = 'confirmed'"),
        )
        batch_op.drop_index("ix_hand_over_wish")
        batch_op.drop_index("ix_hand_over_claim")

    op.drop_table("hand_over")
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.drop_index("ix_feedback_wish")
        batch_op.drop_index("ix_feedback_thanks")

    op.drop_table("feedback")
    with op.batch_alter_table("custody_picture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_custody_picture_wish_id"))

    op.drop_table("custody_picture")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_appointment_one_running",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_appointment_wish_id"))

    op.drop_table("appointment")
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_claim_one_live",
            sqlite_where=sa.text("state IN ('live', 'delivered')"),
            postgresql_where=sa.text("state IN ('live', 'delivered')"),
        )
        batch_op.drop_index("ix_claim_wish")
        batch_op.drop_index("ix_claim_volunteer_state")
        batch_op.drop_index("ix_claim_branch_state")

    op.drop_table("claim")
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_proposal_one_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(batch_op.f("ix_proposal_wish_id"))
        batch_op.drop_index("ix_proposal_volunteer_state")
        batch_op.drop_index(batch_op.f("ix_proposal_run_id"))
        batch_op.drop_index("ix_proposal_branch_state")

    op.drop_table("proposal")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_notice_queue",
            sqlite_where=sa.text("state IN ('queued', 'taken', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'taken', 'sending')"),
        )
        batch_op.drop_index("ix_notice_inbox")
        batch_op.drop_index(
            "ix_notice_failed",
            sqlite_where=sa.text("state IN ('failed', 'unsure')"),
            postgresql_where=sa.text("state IN ('failed', 'unsure')"),
        )
        batch_op.drop_index("ix_notice_channel_sent")

    op.drop_table("notice")
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_import_row_wish_id"))
        batch_op.drop_index("ix_import_row_file_status")

    op.drop_table("import_row")
    with op.batch_alter_table("feedback_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_link_wish_id"))

    op.drop_table("feedback_link")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_wish")
        batch_op.drop_index(
            "ix_event_unannounced",
            sqlite_where=sa.text("announced_at IS NULL"),
            postgresql_where=sa.text("announced_at IS NULL"),
        )
        batch_op.drop_index("ix_event_campaign")

    op.drop_table("event")
    op.drop_table("counted_thing")
    with op.batch_alter_table("consent_scan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_scan_consent_id"))
        batch_op.drop_index(batch_op.f("ix_consent_scan_child_id"))

    op.drop_table("consent_scan")
    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clock_one_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_clock_due",
            sqlite_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL"),
            postgresql_where=sa.text("closed_at IS NULL AND next_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_clock_campaign_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.drop_table("clock")
    with op.batch_alter_table("wish", schema=None) as batch_op:
        batch_op.drop_index("ix_wish_taker_volunteer")
        batch_op.drop_index("ix_wish_taker_branch")
        batch_op.drop_index("ix_wish_community_status")
        batch_op.drop_index(batch_op.f("ix_wish_child_id"))
        batch_op.drop_index("ix_wish_campaign_status")

    op.drop_table("wish")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index("ix_role_grant_volunteer")
        batch_op.drop_index("ix_role_grant_campaign_role")
        batch_op.drop_index("ix_role_grant_branch")
        batch_op.drop_index(batch_op.f("ix_role_grant_account_id"))

    op.drop_table("role_grant")
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_legal_hold_campaign_id"))

    op.drop_table("legal_hold")
    with op.batch_alter_table("identity_access", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_identity_access_campaign_id"))
        batch_op.drop_index("ix_identity_access_account")

    op.drop_table("identity_access")
    with op.batch_alter_table("guardian_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_guardian_link_child_id"))

    op.drop_table("guardian_link")
    with op.batch_alter_table("erasure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_erasure_campaign_id"))

    op.drop_table("erasure")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_child_id"))

    op.drop_table("consent")
    with op.batch_alter_table("authorised_receiver", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authorised_receiver_child_id"))
        batch_op.drop_index(batch_op.f("ix_authorised_receiver_campaign_id"))

    op.drop_table("authorised_receiver")
    with op.batch_alter_table("volunteer", schema=None) as batch_op:
        batch_op.drop_index("ix_volunteer_branch")

    op.drop_table("volunteer")
    with op.batch_alter_table("past_event", schema=None) as batch_op:
        batch_op.drop_index("ix_past_event_campaign")

    op.drop_table("past_event")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_campaign_id"))
        batch_op.drop_index(batch_op.f("ix_invitation_branch_id"))

    op.drop_table("invitation")
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.drop_index("ix_import_file_state")
        batch_op.drop_index("ix_import_file_campaign_digest")

    op.drop_table("import_file")
    with op.batch_alter_table("child", schema=None) as batch_op:
        batch_op.drop_index("ix_child_name_index")
        batch_op.drop_index(batch_op.f("ix_child_household_id"))
        batch_op.drop_index(batch_op.f("ix_child_community_id"))

    op.drop_table("child")
    with op.batch_alter_table("box", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_box_shipment_id"))

    op.drop_table("box")
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_session_account_id"))

    op.drop_table("web_session")
    op.drop_table("taught_word")
    op.drop_table("taught_column")
    with op.batch_alter_table("stock_count", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stock_count_campaign_id"))

    op.drop_table("stock_count")
    with op.batch_alter_table("spare_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_spare_code_account_id"))

    op.drop_table("spare_code")
    op.drop_table("shipment")
    with op.batch_alter_table("shared_view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shared_view_campaign_id"))

    op.drop_table("shared_view")
    with op.batch_alter_table("recovery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recovery_account_id"))

    op.drop_table("recovery")
    with op.batch_alter_table("print_job", schema=None) as batch_op:
        batch_op.drop_index("ix_print_job_state")
        batch_op.drop_index("ix_print_job_ordered")

    op.drop_table("print_job")
    op.drop_table("place")
    op.drop_table("past_wish")
    op.drop_table("past_file")
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkey_account_id"))

    op.drop_table("passkey")
    with op.batch_alter_table("outside_identity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outside_identity_account_id"))

    op.drop_table("outside_identity")
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.drop_index("ix_one_time_code_account")

    op.drop_table("one_time_code")
    with op.batch_alter_table("match_run", schema=None) as batch_op:
        batch_op.drop_index("ix_match_run_campaign")

    op.drop_table("match_run")
    with op.batch_alter_table("household", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_household_campaign_id"))

    op.drop_table("household")
    op.drop_table("device")
    with op.batch_alter_table("concern", schema=None) as batch_op:
        batch_op.drop_index("ix_concern_sender")
        batch_op.drop_index("ix_concern_campaign")

    op.drop_table("concern")
    op.drop_table("community")
    op.drop_table("catalogue_item")
    op.drop_table("branch")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_child")
        batch_op.drop_index("ix_audit_entry_campaign")

    op.drop_table("audit_entry")
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_token_account_id"))

    op.drop_table("api_token")
    with op.batch_alter_table("added_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_added_check_campaign_id"))

    op.drop_table("added_check")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_organisation_id"))

    op.drop_table("campaign")
    op.drop_table("account")
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_attempt_key_at")

    op.drop_table("sign_in_attempt")
    op.drop_table("organisation")
    op.drop_table("idempotency_key")
    op.drop_table("heartbeat")
    op.drop_table("audit_seal")
    op.drop_table("audit_link")
    op.drop_table("audit_anchor")
