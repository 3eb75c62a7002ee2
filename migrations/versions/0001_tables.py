"""The tables and indexes of the first release, as registry.store.schema declares them.

A migration is frozen: it says in SQL what the schema was, and never imports what the schema is. A test compares
the result of all migrations with the declared tables.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXTENSIONS = ("postgis", "pg_trgm", "btree_gist", "btree_gin")

# Morton code (Z-order) of the WebMercatorQuad tile at zoom 24: bits of column and row interleaved, column in the
# even bits. Every tile of a lower zoom is one range of codes.
CELL = """
CREATE FUNCTION registry_cell(point geometry) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    side CONSTANT float8 := 16777216;
    lat CONSTANT float8 := least(greatest(ST_Y(point), -85.05112877980659), 85.05112877980659);
    col bigint := least(greatest(floor((ST_X(point) + 180) / 360 * side), 0), side - 1);
    line bigint := least(greatest(floor((1 - ln(tan(radians(45 + lat / 2))) / pi()) / 2 * side), 0), side - 1);
BEGIN
    col := (col | (col << 16)) & 281470681808895;
    col := (col | (col << 8)) & 71777214294589695;
    col := (col | (col << 4)) & 1085102592571150095;
    col := (col | (col << 2)) & 3689348814741910323;
    col := (col | (col << 1)) & 6148914691236517205;
    line := (line | (line << 16)) & 281470681808895;
    line := (line | (line << 8)) & 71777214294589695;
    line := (line | (line << 4)) & 1085102592571150095;
    line := (line | (line << 2)) & 3689348814741910323;
    line := (line | (line << 1)) & 6148914691236517205;
    RETURN col | (line << 1);
END $$
"""

TABLES = """
CREATE TABLE place (
    code text NOT NULL,
    list_version text NOT NULL,
    level text NOT NULL,
    parent text,
    name_zh text,
    name_en text,
    extent geometry(Geometry, 4326),
    extent_basis text DEFAULT 'none' NOT NULL,
    extent_radius_m float8,
    extent_from text,
    point geometry(Point, 4326),
    point_uncertainty_m float8,
    partner jsonb,
    partner_of text,
    flags jsonb DEFAULT '{}' NOT NULL,
    valid_from date,
    valid_to date,
    source text,
    successors text[] DEFAULT '{}' NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    updated_by text DEFAULT 'seeds' NOT NULL,
    CONSTRAINT pk_place PRIMARY KEY (code),
    CONSTRAINT ck_place_extent_basis
        CHECK (extent_basis IN ('boundary', 'voronoi', 'disc', 'members', 'none')),
    CONSTRAINT ck_place_extent_has_basis CHECK ((extent IS NULL) = (extent_basis = 'none')),
    CONSTRAINT ck_place_named CHECK (name_zh IS NOT NULL OR name_en IS NOT NULL),
    CONSTRAINT ck_place_validity CHECK (valid_from <= valid_to),
    CONSTRAINT ck_place_extent_radius_m_range
        CHECK (extent_radius_m >= 0 AND extent_radius_m < 'Infinity'::float8),
    CONSTRAINT ck_place_point_uncertainty_m_range
        CHECK (point_uncertainty_m >= 0 AND point_uncertainty_m < 'Infinity'::float8),
    CONSTRAINT ck_place_point_on_earth
        CHECK (ST_X(point) BETWEEN -180 AND 180 AND ST_Y(point) BETWEEN -90 AND 90),
    CONSTRAINT fk_place_parent FOREIGN KEY (parent) REFERENCES place (code)
);
CREATE INDEX ix_place_extent ON place USING gist (extent);
CREATE INDEX ix_place_extent_from ON place (extent_from);
CREATE INDEX ix_place_parent ON place (parent);
COMMENT ON COLUMN place.extent_from IS 'The place whose extent bounds this one: itself or an ancestor.';
COMMENT ON COLUMN place.partner_of IS 'The partner place that holds this one: itself or an ancestor.';

CREATE TABLE place_past (
    code text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    superseded_at timestamptz NOT NULL,
    CONSTRAINT pk_place_past PRIMARY KEY (code, version)
);
COMMENT ON TABLE place_past IS 'Every earlier version of a place.';

CREATE TABLE jurisdiction (
    "only" boolean DEFAULT true NOT NULL,
    root text NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_jurisdiction PRIMARY KEY ("only"),
    CONSTRAINT ck_jurisdiction_one_row CHECK ("only")
);
COMMENT ON TABLE jurisdiction
    IS 'Whose registry this is: one row, written once by `registry init` or with the sample.';

CREATE TABLE place_member (
    area text NOT NULL,
    place text NOT NULL,
    CONSTRAINT pk_place_member PRIMARY KEY (area, place),
    CONSTRAINT fk_place_member_area FOREIGN KEY (area) REFERENCES place (code) ON DELETE CASCADE,
    CONSTRAINT fk_place_member_place FOREIGN KEY (place) REFERENCES place (code) ON DELETE CASCADE
);
COMMENT ON TABLE place_member IS 'The places a management area names as its own.';

CREATE TABLE place_within (
    ancestor text NOT NULL,
    code text NOT NULL,
    CONSTRAINT pk_place_within PRIMARY KEY (ancestor, code),
    CONSTRAINT fk_place_within_ancestor FOREIGN KEY (ancestor) REFERENCES place (code) ON DELETE CASCADE,
    CONSTRAINT fk_place_within_code FOREIGN KEY (code) REFERENCES place (code) ON DELETE CASCADE
);
CREATE INDEX ix_place_within_code ON place_within (code);
COMMENT ON TABLE place_within
    IS 'Every place with all places under it, itself included; derived from place and place_member.';

CREATE TABLE vocabulary (
    scheme text NOT NULL,
    subject text NOT NULL,
    code text NOT NULL,
    label_zh text,
    label_en text,
    source text,
    CONSTRAINT pk_vocabulary PRIMARY KEY (scheme, subject, code)
);

CREATE TABLE resource (
    realm text DEFAULT 'live' NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    name_zh text,
    name_en text,
    search_key text DEFAULT '' NOT NULL,
    place text,
    partner_of text,
    manager text,
    lifecycle text NOT NULL,
    valid_from timestamptz,
    valid_to timestamptz,
    geom geometry(Point, 4326),
    public_geom geometry(Point, 4326),
    quality text NOT NULL,
    uncertainty_m float8,
    public_uncertainty_m float8,
    candidate_places text[] DEFAULT '{}' NOT NULL,
    datum text NOT NULL,
    visibility text NOT NULL,
    verified_at timestamptz,
    verified_by text,
    placeholder boolean DEFAULT false NOT NULL,
    force text,
    level text,
    tier text,
    form text,
    duration text,
    space text,
    ownership text,
    specialties text[],
    hazards text[],
    amenities text[],
    readiness text,
    opening text,
    operational text,
    status_at timestamptz,
    seen_at timestamptz,
    personnel integer,
    capacity_persons integer,
    occupancy_persons integer,
    occupancy_at timestamptz,
    area_m2 float8,
    serves_persons integer,
    parent_depot uuid,
    watch_radius_m float8,
    sector_from_deg float8,
    sector_to_deg float8,
    footprint geometry(Geometry, 4326),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    feature text NOT NULL,
    public_feature text,
    cell bigint GENERATED ALWAYS AS (registry_cell(geom)) STORED,
    public_cell bigint GENERATED ALWAYS AS (registry_cell(public_geom)) STORED,
    spot point GENERATED ALWAYS AS (geom::point) STORED,
    public_spot point GENERATED ALWAYS AS (public_geom::point) STORED,
    CONSTRAINT pk_resource PRIMARY KEY (realm, id),
    CONSTRAINT fk_resource_place FOREIGN KEY (place) REFERENCES place (code),
    CONSTRAINT ck_resource_kind
        CHECK (kind IN ('rescue_team', 'shelter', 'fire_watch_point', 'supply_depot')),
    CONSTRAINT ck_resource_lifecycle
        CHECK (lifecycle IN ('planned', 'under_construction', 'in_service', 'suspended', 'retired')),
    CONSTRAINT ck_resource_quality
        CHECK (quality IN ('surveyed', 'approximate', 'candidate_places', 'unknown')),
    CONSTRAINT ck_resource_datum CHECK (datum IN ('wgs84', 'cgcs2000', 'gcj02', 'bd09', 'unknown')),
    CONSTRAINT ck_resource_visibility CHECK (visibility IN ('public', 'internal', 'restricted')),
    CONSTRAINT ck_resource_readiness
        CHECK (readiness IN ('available', 'committed', 'off_duty', 'unavailable', 'unknown')),
    CONSTRAINT ck_resource_opening CHECK (opening IN ('open', 'closed', 'full', 'unknown')),
    CONSTRAINT ck_resource_operational CHECK (operational IN ('yes', 'degraded', 'no', 'unknown')),
    CONSTRAINT ck_resource_tier CHECK (tier IN ('district', 'town', 'community')),
    CONSTRAINT ck_resource_form
        CHECK (form IN ('infrared_camera', 'watchtower', 'sentry_post', 'checkpoint')),
    CONSTRAINT ck_resource_named CHECK (name_zh IS NOT NULL OR name_en IS NOT NULL),
    CONSTRAINT ck_resource_validity CHECK (valid_from <= valid_to),
    CONSTRAINT ck_resource_version CHECK (version >= 1),
    CONSTRAINT ck_resource_located_has_geometry
        CHECK ((quality IN ('surveyed', 'approximate') OR seen_at IS NOT NULL) = (geom IS NOT NULL)),
    CONSTRAINT ck_resource_approximate_has_uncertainty
        CHECK (quality <> 'approximate' OR uncertainty_m IS NOT NULL),
    CONSTRAINT ck_resource_candidates_named
        CHECK (quality <> 'candidate_places' OR cardinality(candidate_places) > 0),
    CONSTRAINT ck_resource_public_geometry CHECK (public_geom IS NULL OR geom IS NOT NULL),
    CONSTRAINT ck_resource_internal_has_public_face
        CHECK (visibility <> 'internal' OR public_feature IS NOT NULL),
    CONSTRAINT ck_resource_geom_on_earth
        CHECK (ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90),
    CONSTRAINT ck_resource_public_geom_on_earth
        CHECK (ST_X(public_geom) BETWEEN -180 AND 180 AND ST_Y(public_geom) BETWEEN -90 AND 90),
    CONSTRAINT ck_resource_uncertainty_m_range
        CHECK (uncertainty_m >= 0 AND uncertainty_m < 'Infinity'::float8),
    CONSTRAINT ck_resource_public_uncertainty_m_range
        CHECK (public_uncertainty_m >= 0 AND public_uncertainty_m < 'Infinity'::float8),
    CONSTRAINT ck_resource_area_m2_range CHECK (area_m2 >= 0 AND area_m2 < 'Infinity'::float8),
    CONSTRAINT ck_resource_watch_radius_range CHECK (watch_radius_m > 0 AND watch_radius_m <= 500000),
    CONSTRAINT ck_resource_personnel_range CHECK (personnel >= 0),
    CONSTRAINT ck_resource_capacity_range CHECK (capacity_persons >= 0),
    CONSTRAINT ck_resource_occupancy_range CHECK (occupancy_persons >= 0),
    CONSTRAINT ck_resource_serves_range CHECK (serves_persons >= 0),
    CONSTRAINT ck_resource_sector_range
        CHECK (sector_from_deg BETWEEN 0 AND 360 AND sector_to_deg BETWEEN 0 AND 360),
    CONSTRAINT ck_resource_only_rescue_team
        CHECK (kind = 'rescue_team'
            OR (force IS NULL AND specialties IS NULL AND personnel IS NULL AND readiness IS NULL)),
    CONSTRAINT ck_resource_only_shelter
        CHECK (kind = 'shelter'
            OR (duration IS NULL AND space IS NULL AND capacity_persons IS NULL AND occupancy_persons IS NULL AND opening IS NULL)),
    CONSTRAINT ck_resource_only_fire_watch_point
        CHECK (kind = 'fire_watch_point'
            OR (form IS NULL AND watch_radius_m IS NULL AND sector_from_deg IS NULL AND footprint IS NULL AND operational IS NULL)),
    CONSTRAINT ck_resource_only_supply_depot
        CHECK (kind = 'supply_depot'
            OR (tier IS NULL AND ownership IS NULL AND serves_persons IS NULL AND parent_depot IS NULL))
) PARTITION BY LIST (realm);
CREATE TABLE resource_live PARTITION OF resource FOR VALUES IN ('live');
CREATE TABLE resource_exercise PARTITION OF resource DEFAULT;
CREATE INDEX ix_resource_candidates ON resource USING gin (candidate_places) WHERE geom IS NULL;
CREATE INDEX ix_resource_cell ON resource (cell) INCLUDE (kind, realm, visibility, lifecycle, place);
CREATE INDEX ix_resource_dated ON resource (realm, kind)
    WHERE valid_from IS NOT NULL OR valid_to IS NOT NULL;
CREATE INDEX ix_resource_facets ON resource
    USING gin (specialties, hazards, force, level, readiness, opening, tier, ownership, form, lifecycle, operational);
CREATE INDEX ix_resource_footprint ON resource USING gist (footprint) WHERE footprint IS NOT NULL;
CREATE INDEX ix_resource_geog ON resource
    USING gist ((geom::geography), kind, ((partner_of IS NULL)::integer));
CREATE INDEX ix_resource_name ON resource USING gin (name_zh gin_trgm_ops, name_en gin_trgm_ops);
CREATE INDEX ix_resource_search_key ON resource USING gin (search_key gin_trgm_ops);
CREATE INDEX ix_resource_partner_geog ON resource
    USING gist ((geom::geography))
    WHERE partner_of IS NOT NULL;
CREATE INDEX ix_resource_place ON resource (place, kind, id);
CREATE INDEX ix_resource_public_cell ON resource (public_cell)
    INCLUDE (kind, realm, visibility, lifecycle, place);
CREATE INDEX ix_resource_public_geog ON resource
    USING gist ((public_geom::geography), kind, ((partner_of IS NULL)::integer))
    WHERE visibility <> 'restricted';
CREATE INDEX ix_resource_public_partner_geog ON resource
    USING gist ((public_geom::geography))
    WHERE partner_of IS NOT NULL AND visibility <> 'restricted';
CREATE INDEX ix_resource_public_reach ON resource
    USING gist (_ST_Expand(public_geom::geography, watch_radius_m + coalesce(public_uncertainty_m, 0)))
    WHERE watch_radius_m IS NOT NULL AND public_geom IS NOT NULL AND visibility <> 'restricted';
CREATE INDEX ix_resource_public_spot ON resource
    USING gist (public_spot, kind)
    INCLUDE (id, realm, visibility, lifecycle, place, capacity_persons, level, opening, readiness, operational, public_cell)
    WHERE visibility <> 'restricted';
CREATE INDEX ix_resource_public_vague ON resource (kind) WHERE public_uncertainty_m > 20000;
CREATE INDEX ix_resource_possible ON resource USING gist (_ST_Expand(geom::geography, uncertainty_m))
    WHERE uncertainty_m > 500;
CREATE INDEX ix_resource_public_possible ON resource
    USING gist (_ST_Expand(public_geom::geography, public_uncertainty_m))
    WHERE public_uncertainty_m > 500 AND visibility <> 'restricted';
CREATE INDEX ix_resource_reach ON resource
    USING gist (_ST_Expand(geom::geography, watch_radius_m + coalesce(uncertainty_m, 0)))
    WHERE watch_radius_m IS NOT NULL AND geom IS NOT NULL;
CREATE INDEX ix_resource_room ON resource ((capacity_persons - coalesce(occupancy_persons, 0)));
CREATE INDEX ix_resource_spot ON resource
    USING gist (spot, kind)
    INCLUDE (id, realm, visibility, lifecycle, place, capacity_persons, level, opening, readiness, operational, cell);
CREATE INDEX ix_resource_unlocated ON resource (kind, id) WHERE geom IS NULL;
CREATE INDEX ix_resource_unplaced ON resource (kind, place, watch_radius_m)
    INCLUDE (realm, lifecycle, visibility, valid_from, valid_to, quality, partner_of, force, level, tier, ownership, form, readiness, opening, operational, capacity_persons, occupancy_persons, verified_at)
    WHERE geom IS NULL;
CREATE INDEX ix_resource_unshown ON resource (kind) WHERE geom IS NOT NULL AND public_geom IS NULL;
CREATE INDEX ix_resource_vague ON resource (kind) WHERE uncertainty_m > 20000;
CREATE INDEX ix_resource_verified_at ON resource (verified_at);
COMMENT ON COLUMN resource.search_key IS 'Names, pinyin and external ids, folded as questions are.';
COMMENT ON COLUMN resource.placeholder IS 'Made from a published total.';
COMMENT ON COLUMN resource.partner_of IS 'That of the place; a trigger keeps it.';

CREATE TABLE resource_past (
    realm text DEFAULT 'live' NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    name_zh text,
    name_en text,
    search_key text DEFAULT '' NOT NULL,
    place text,
    partner_of text,
    manager text,
    lifecycle text NOT NULL,
    valid_from timestamptz,
    valid_to timestamptz,
    geom geometry(Point, 4326),
    public_geom geometry(Point, 4326),
    quality text NOT NULL,
    uncertainty_m float8,
    public_uncertainty_m float8,
    candidate_places text[] DEFAULT '{}' NOT NULL,
    datum text NOT NULL,
    visibility text NOT NULL,
    verified_at timestamptz,
    verified_by text,
    placeholder boolean DEFAULT false NOT NULL,
    force text,
    level text,
    tier text,
    form text,
    duration text,
    space text,
    ownership text,
    specialties text[],
    hazards text[],
    amenities text[],
    readiness text,
    opening text,
    operational text,
    status_at timestamptz,
    seen_at timestamptz,
    personnel integer,
    capacity_persons integer,
    occupancy_persons integer,
    occupancy_at timestamptz,
    area_m2 float8,
    serves_persons integer,
    parent_depot uuid,
    watch_radius_m float8,
    sector_from_deg float8,
    sector_to_deg float8,
    footprint geometry(Geometry, 4326),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    feature text NOT NULL,
    public_feature text,
    superseded_at timestamptz NOT NULL,
    CONSTRAINT pk_resource_past PRIMARY KEY (realm, id, version)
);
CREATE INDEX ix_resource_past_geog ON resource_past USING gist ((geom::geography), kind);
CREATE INDEX ix_resource_past_geom ON resource_past USING gist ((geom::point));
CREATE INDEX ix_resource_past_public_geom ON resource_past USING gist ((public_geom::point));
COMMENT ON COLUMN resource_past.search_key IS 'Names, pinyin and external ids, folded as questions are.';
COMMENT ON COLUMN resource_past.placeholder IS 'Made from a published total.';
COMMENT ON COLUMN resource_past.partner_of IS 'That of the place; a trigger keeps it.';

CREATE TABLE listing (
    realm text NOT NULL,
    kind text NOT NULL,
    place text,
    partner_of text,
    visibility text NOT NULL,
    lifecycle text NOT NULL,
    force text,
    level text,
    tier text,
    form text,
    ownership text,
    placeholder boolean NOT NULL,
    located boolean NOT NULL,
    public_located boolean NOT NULL,
    n bigint NOT NULL
);
CREATE INDEX ix_listing_kind ON listing (realm, kind, place);
COMMENT ON TABLE listing
    IS 'How many records without dates of validity are alike: the sum of n. Triggers add lines to it.';

CREATE TABLE stock_line (
    realm text NOT NULL,
    resource_id uuid NOT NULL,
    line smallint NOT NULL,
    scheme text NOT NULL,
    item_code text NOT NULL,
    quantity float8,
    minimum float8,
    unit text,
    lot text,
    expires_on date,
    counted_at timestamptz,
    CONSTRAINT pk_stock_line PRIMARY KEY (realm, resource_id, line),
    CONSTRAINT fk_stock_line_realm_resource_id
        FOREIGN KEY (realm, resource_id) REFERENCES resource (realm, id) ON DELETE CASCADE,
    CONSTRAINT ck_stock_line_quantity_range CHECK (quantity >= 0 AND quantity < 'Infinity'::float8),
    CONSTRAINT ck_stock_line_minimum_range CHECK (minimum >= 0 AND minimum < 'Infinity'::float8)
);
CREATE INDEX ix_stock_line_item ON stock_line (item_code, scheme, quantity);
COMMENT ON TABLE stock_line
    IS 'A depot''s stock as it can be asked about; derived from the depot''s own record.';
COMMENT ON COLUMN stock_line.line IS 'Its place in the list.';

CREATE TABLE external_id (
    realm text NOT NULL,
    system text NOT NULL,
    id text NOT NULL,
    resource_id uuid NOT NULL,
    CONSTRAINT pk_external_id PRIMARY KEY (realm, system, id),
    CONSTRAINT fk_external_id_realm_resource_id
        FOREIGN KEY (realm, resource_id) REFERENCES resource (realm, id) ON DELETE CASCADE
);
CREATE INDEX ix_external_id_resource ON external_id (resource_id);

CREATE TABLE contact (
    id uuid NOT NULL,
    realm text NOT NULL,
    resource_id uuid NOT NULL,
    role text NOT NULL,
    name text,
    phone text,
    published boolean DEFAULT false NOT NULL,
    CONSTRAINT pk_contact PRIMARY KEY (id),
    CONSTRAINT fk_contact_realm_resource_id
        FOREIGN KEY (realm, resource_id) REFERENCES resource (realm, id) ON DELETE CASCADE
);
CREATE INDEX ix_contact_resource ON contact (resource_id);
COMMENT ON TABLE contact IS 'People to call; kept out of features and history so that they can be purged.';

CREATE TABLE change_log (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    realm text NOT NULL,
    resource_id uuid NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    verb text NOT NULL,
    place_before text,
    place_after text,
    visibility_before text,
    visibility_after text NOT NULL,
    gone_before boolean NOT NULL,
    gone_after boolean NOT NULL,
    point_before geometry(Point, 4326),
    point_after geometry(Point, 4326),
    digest bytea NOT NULL,
    members text NOT NULL,
    actor text NOT NULL,
    via text NOT NULL,
    reason text,
    request_id text,
    device_at timestamptz,
    at timestamptz NOT NULL,
    CONSTRAINT pk_change_log PRIMARY KEY (xid, seq)
);
CREATE INDEX ix_change_log_resource ON change_log (resource_id, version);

CREATE TABLE history_seal (
    n bigint NOT NULL,
    upto_xid xid8 NOT NULL,
    upto_seq bigint NOT NULL,
    changes bigint NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    CONSTRAINT pk_history_seal PRIMARY KEY (n)
);
COMMENT ON TABLE history_seal
    IS 'A keyed hash chain over the change log, so that a row altered, dropped or moved is found.';

CREATE TABLE feed_epoch (
    one boolean DEFAULT true NOT NULL,
    epoch uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT pk_feed_epoch PRIMARY KEY (one),
    CONSTRAINT ck_feed_epoch_one_row CHECK (one)
);
COMMENT ON TABLE feed_epoch IS 'Changes when cursors given before must not be trusted any more.';

CREATE TABLE observation (
    id uuid NOT NULL,
    line integer NOT NULL,
    realm text NOT NULL,
    resource_id uuid NOT NULL,
    slot text NOT NULL,
    subject text NOT NULL,
    value jsonb NOT NULL,
    observed_at timestamptz,
    skew_s float8 DEFAULT '0' NOT NULL,
    received_at timestamptz NOT NULL,
    origin text DEFAULT 'report' NOT NULL,
    actor text NOT NULL,
    note text,
    CONSTRAINT pk_observation PRIMARY KEY (id, line),
    CONSTRAINT fk_observation_realm_resource_id
        FOREIGN KEY (realm, resource_id) REFERENCES resource (realm, id),
    CONSTRAINT ck_observation_origin CHECK (origin IN ('report', 'edit', 'record'))
);
CREATE INDEX ix_observation_resource ON observation (resource_id, observed_at DESC NULLS LAST, id, line);
CREATE INDEX ix_observation_slot
    ON observation (resource_id, slot, observed_at DESC NULLS LAST, id DESC, line DESC);
COMMENT ON TABLE observation
    IS 'What was observed, append-only; the state of a resource is the fold of its observations.';
COMMENT ON COLUMN observation.id IS 'The identity of the report, or of the edit.';
COMMENT ON COLUMN observation.slot IS 'The part of the state that it is about.';
COMMENT ON COLUMN observation.observed_at IS 'By the registry''s clock; NULL: not said.';
COMMENT ON COLUMN observation.skew_s IS 'Added to the device''s clock.';

CREATE TABLE correction (
    id uuid NOT NULL,
    realm text NOT NULL,
    resource_id uuid NOT NULL,
    base_version integer NOT NULL,
    subject text NOT NULL,
    members jsonb NOT NULL,
    overlapping text[] DEFAULT '{}' NOT NULL,
    evidence jsonb DEFAULT '{}' NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    state text DEFAULT 'open' NOT NULL,
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    CONSTRAINT pk_correction PRIMARY KEY (id),
    CONSTRAINT fk_correction_realm_resource_id
        FOREIGN KEY (realm, resource_id) REFERENCES resource (realm, id),
    CONSTRAINT ck_correction_subject CHECK (subject IN ('location', 'conflict')),
    CONSTRAINT ck_correction_state CHECK (state IN ('open', 'accepted', 'rejected'))
);
CREATE INDEX ix_correction_open ON correction (realm, at) WHERE state = 'open';
CREATE INDEX ix_correction_resource ON correction (resource_id);
COMMENT ON TABLE correction
    IS 'Changes that wait for a person: proposed locations, and edits that met another edit.';

CREATE TABLE idempotency (
    actor text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    replayed_at timestamptz,
    CONSTRAINT pk_idempotency PRIMARY KEY (actor, key)
);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);

CREATE TABLE api_key (
    id text NOT NULL,
    fingerprint bytea NOT NULL,
    holder text NOT NULL,
    role text NOT NULL,
    places text[] DEFAULT '{}' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT pk_api_key PRIMARY KEY (id),
    CONSTRAINT ck_api_key_role CHECK (role IN ('viewer', 'field', 'planner', 'admin')),
    CONSTRAINT ck_api_key_fingerprint CHECK (octet_length(fingerprint) = 32)
);
CREATE INDEX ix_api_key_holder ON api_key (holder);
COMMENT ON TABLE api_key IS 'Machine keys: an HMAC of each, never the key.';

CREATE TABLE counted_change (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    actor text NOT NULL,
    at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_counted_change PRIMARY KEY (seq)
);
CREATE INDEX ix_counted_change_actor ON counted_change (actor, at);
COMMENT ON TABLE counted_change
    IS 'One line a status change or deletion, for the limit on mass changes; kept for a day.';

CREATE TABLE approval (
    id uuid NOT NULL,
    actor text NOT NULL,
    places text[] NOT NULL,
    changes integer NOT NULL,
    reason text NOT NULL,
    asked_at timestamptz DEFAULT now() NOT NULL,
    approved_by text,
    approved_at timestamptz,
    CONSTRAINT pk_approval PRIMARY KEY (id),
    CONSTRAINT ck_approval_second_person CHECK (approved_by <> actor),
    CONSTRAINT ck_approval_decided CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CONSTRAINT ck_approval_changes CHECK (changes > 0)
);
CREATE INDEX ix_approval_actor ON approval (actor, asked_at);
COMMENT ON TABLE approval IS 'Mass changes that one person asked for and another allowed.';

CREATE TABLE audit (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    status integer NOT NULL,
    request_id text NOT NULL,
    address text,
    CONSTRAINT pk_audit PRIMARY KEY (seq),
    CONSTRAINT ck_audit_action CHECK (action IN ('read', 'export', 'change', 'refused'))
);
CREATE INDEX ix_audit_actor ON audit (actor, seq);
COMMENT ON TABLE audit IS 'Who read restricted records, exported, changed, or was refused.';

CREATE TABLE job (
    id uuid NOT NULL,
    process text NOT NULL,
    owner text NOT NULL,
    status text DEFAULT 'accepted' NOT NULL,
    progress integer DEFAULT 0 NOT NULL,
    message text,
    estimate_s float8 NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    updated_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    result text,
    task bytea,
    attempts integer DEFAULT 0 NOT NULL,
    lease_until timestamptz,
    CONSTRAINT pk_job PRIMARY KEY (id),
    CONSTRAINT ck_job_status CHECK (status IN ('accepted', 'running', 'successful', 'failed', 'dismissed')),
    CONSTRAINT ck_job_progress CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT ck_job_task_erased CHECK (finished_at IS NULL OR task IS NULL)
);
CREATE INDEX ix_job_expires_at ON job (expires_at);
CREATE INDEX ix_job_open ON job (created_at, id) WHERE finished_at IS NULL;
COMMENT ON TABLE job IS 'Analyses that take longer than a request may; kept for a day, their tasks until they end.';

CREATE TABLE scenario (
    id uuid NOT NULL,
    name_zh text,
    name_en text,
    owner text NOT NULL,
    changes jsonb NOT NULL,
    note text,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_scenario PRIMARY KEY (id),
    CONSTRAINT ck_scenario_named CHECK (name_zh IS NOT NULL OR name_en IS NOT NULL)
);
CREATE INDEX ix_scenario_owner ON scenario (owner);
COMMENT ON TABLE scenario IS 'Additions, moves and removals that somebody thought through and kept.';

CREATE TABLE document (
    id text NOT NULL,
    place text,
    issued_on date,
    body jsonb NOT NULL,
    CONSTRAINT pk_document PRIMARY KEY (id),
    CONSTRAINT fk_document_place FOREIGN KEY (place) REFERENCES place (code)
);
COMMENT ON TABLE document IS 'What was published; the texts themselves are not held.';

CREATE TABLE provision (
    id text NOT NULL,
    document text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    place text,
    file text NOT NULL,
    line integer NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_provision PRIMARY KEY (id),
    CONSTRAINT fk_provision_document FOREIGN KEY (document) REFERENCES document (id) ON DELETE CASCADE,
    CONSTRAINT fk_provision_place FOREIGN KEY (place) REFERENCES place (code)
);
CREATE INDEX ix_provision_document ON provision (document, file, line);
CREATE INDEX ix_provision_place ON provision (place);
COMMENT ON TABLE provision IS 'Statements of documents in our own words.';

CREATE TABLE rule (
    id text NOT NULL,
    provision text NOT NULL,
    zone_kind text NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_rule PRIMARY KEY (id),
    CONSTRAINT fk_rule_provision FOREIGN KEY (provision) REFERENCES provision (id)
);
COMMENT ON TABLE rule IS 'Which facility and action is kept how far from which kind of zone.';

CREATE TABLE zone (
    id text NOT NULL,
    kind text NOT NULL,
    road text,
    from_km float8,
    to_km float8,
    version integer DEFAULT 1 NOT NULL,
    body jsonb NOT NULL,
    drawing jsonb,
    geometry text,
    updated_at timestamptz DEFAULT now() NOT NULL,
    updated_by text NOT NULL,
    CONSTRAINT pk_zone PRIMARY KEY (id),
    CONSTRAINT ck_zone_drawn CHECK ((drawing IS NULL) = (geometry IS NULL)),
    CONSTRAINT ck_zone_range CHECK (from_km < to_km)
);
COMMENT ON TABLE zone IS 'What spatial rules measure from; the geometry may come later.';
COMMENT ON COLUMN zone.drawing IS 'How the geometry is to be read: what it stands for, its doubts.';
COMMENT ON COLUMN zone.geometry IS 'The geometry as it came, GeoJSON.';

CREATE TABLE zone_piece (
    zone text NOT NULL,
    seq integer NOT NULL,
    geom geometry(Geometry, 4326) NOT NULL,
    km float8[],
    CONSTRAINT pk_zone_piece PRIMARY KEY (zone, seq),
    CONSTRAINT fk_zone_piece_zone FOREIGN KEY (zone) REFERENCES zone (id) ON DELETE CASCADE
);
CREATE INDEX ix_zone_piece_geog ON zone_piece USING gist (zone, (geom::geography));
COMMENT ON COLUMN zone_piece.km IS 'The kilometre of each vertex.';

CREATE TABLE entry (
    realm text DEFAULT 'live' NOT NULL,
    id uuid NOT NULL,
    register text NOT NULL,
    version integer NOT NULL,
    place text,
    visibility text NOT NULL,
    retired boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    body jsonb NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (realm, id),
    CONSTRAINT fk_entry_place FOREIGN KEY (place) REFERENCES place (code),
    CONSTRAINT ck_entry_register
        CHECK (register IN ('organisation', 'responsibility', 'hotline', 'event', 'hazard_point', 'expert', 'indicator', 'agreement', 'denominator', 'inventory')),
    CONSTRAINT ck_entry_visibility CHECK (visibility IN ('public', 'internal', 'restricted')),
    CONSTRAINT ck_entry_version CHECK (version >= 1)
);
CREATE INDEX ix_entry_register ON entry (realm, register, place, id);
COMMENT ON TABLE entry
    IS 'The small registers beside resources: organisations, drills, hazard points and others.';

CREATE TABLE entry_past (
    realm text DEFAULT 'live' NOT NULL,
    id uuid NOT NULL,
    register text NOT NULL,
    version integer NOT NULL,
    place text,
    visibility text NOT NULL,
    retired boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    body jsonb NOT NULL,
    superseded_at timestamptz NOT NULL,
    CONSTRAINT pk_entry_past PRIMARY KEY (realm, id, version)
);
CREATE INDEX ix_entry_past_register ON entry_past (realm, register, superseded_at);
COMMENT ON TABLE entry_past IS 'Every earlier version of an entry.';

INSERT INTO feed_epoch DEFAULT VALUES;
"""

ALL = (
    "place",
    "place_past",
    "jurisdiction",
    "place_member",
    "place_within",
    "vocabulary",
    "resource",
    "resource_past",
    "listing",
    "stock_line",
    "external_id",
    "contact",
    "change_log",
    "history_seal",
    "feed_epoch",
    "observation",
    "correction",
    "idempotency",
    "api_key",
    "counted_change",
    "approval",
    "audit",
    "job",
    "scenario",
    "document",
    "provision",
    "rule",
    "zone",
    "zone_piece",
    "entry",
    "entry_past",
)


def upgrade() -> None:
    """Apply."""
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.execute(CELL)
    for statement in TABLES.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    """Undo; the extensions stay, they may have been there before."""
    op.execute(f"DROP TABLE {', '.join(ALL)}")
    op.execute("DROP FUNCTION registry_cell(geometry)")
