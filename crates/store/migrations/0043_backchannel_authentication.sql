-- Sign-ins that applications ask for without a browser (OpenID Connect CIBA), for some minutes. `hash` is the SHA-256 of the
-- `auth_req_id`; `notify` is what an application is told by, sealed, empty where it asks by itself.
CREATE TABLE backchannel_request (
    hash BLOB PRIMARY KEY,
    provider_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    message TEXT NOT NULL,
    notify TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    state TEXT NOT NULL,
    polled BIGINT NOT NULL,
    pause BIGINT NOT NULL,
    session BLOB,
    sign_in TEXT NOT NULL
);
CREATE INDEX backchannel_request_user ON backchannel_request (user_id, provider_id);
CREATE INDEX backchannel_request_provider ON backchannel_request (provider_id);
CREATE INDEX backchannel_request_removed ON backchannel_request (removed);
