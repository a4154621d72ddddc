#include "conf/schema.h"

#include "conf/judge.h"
#include "conf/tls_tree.h"
#include "conf/units.h"

#define FIELD(type, field)                                                                         \
	.at = (uint16_t)offsetof(type, field), .width = (uint8_t)sizeof(((type *)0)->field)
#define KEYS(array) .keys = (array), .count = COUNT_OF(array)

#define MOST_MS (INT64_C(1000) * CONF_MOST_SECONDS)
#define SECONDS(key, type, field, preset_s)                                                        \
	.name = (key), .kind = CONF_SECONDS, FIELD(type, field),                                   \
	.preset = INT64_C(1000) * (preset_s), .most = MOST_MS
#define KIB(n) (INT64_C(1024) * (n))
#define MIB(n) (INT64_C(1048576) * (n))

static const struct conf_key timeouts_keys[] = {
	{SECONDS("header", struct conf_timeouts, header_ms, 30), .is_global = true},
	{SECONDS("body", struct conf_timeouts, body_ms, 60)},
	{SECONDS("send", struct conf_timeouts, send_ms, 60)},
	{SECONDS("keepalive", struct conf_timeouts, keepalive_ms, 75)},
	{SECONDS("connect", struct conf_timeouts, connect_ms, 5)},
	{SECONDS("read", struct conf_timeouts, read_ms, 600)},
	{SECONDS("tunnel", struct conf_timeouts, tunnel_ms, 3600)},
	{SECONDS("drain", struct conf_timeouts, drain_ms, 300), .is_global = true},
};
const struct conf_group conf_group_timeouts = {.name = "timeouts", KEYS(timeouts_keys)};

static const struct conf_key limits_keys[] = {
	{.name = "max_connections",
		.kind = CONF_WHOLE,
		FIELD(struct conf_limits, max_connections),
		.is_global = true,
		.preset = 10000,
		.least = 1,
		.most = 1000000},
	{.name = "header_bytes",
		.kind = CONF_BYTES,
		FIELD(struct conf_limits, header_bytes),
		.is_global = true,
		.preset = KIB(64),
		.least = KIB(1),
		.most = MIB(1)},
	/* At most http/head.h's HTTP_FIELDS_MOST. */
	{.name = "header_fields",
		.kind = CONF_WHOLE,
		FIELD(struct conf_limits, header_fields),
		.is_global = true,
		.preset = 100,
		.least = 1,
		.most = 256},
	{.name = "target_bytes",
		.kind = CONF_BYTES,
		FIELD(struct conf_limits, target_bytes),
		.is_global = true,
		.preset = KIB(8),
		.least = 64,
		.most = MIB(1)},
	{.name = "body_bytes",
		.kind = CONF_BYTES,
		FIELD(struct conf_limits, body_bytes),
		.preset = MIB(2048),
		.most = INT64_MAX},
	{.name = "buffer_body",
		.kind = CONF_BYTES,
		FIELD(struct conf_limits, buffer_body),
		.preset = MIB(1),
		.most = MIB(256)},
};
const struct conf_group conf_group_limits = {.name = "limits", KEYS(limits_keys)};

/* In the order of enum conf_sticky_key. */
static const char *const sticky_words[] = {"cookie", "client_id", "prompt_id", "ip", NULL};
static const struct conf_key sticky_keys[] = {
	{.name = "keys",
		.kind = CONF_WORDS,
		.at = offsetof(struct conf_sticky, keys),
		.width = sizeof(enum conf_sticky_key),
		.count_at = offsetof(struct conf_sticky, key_count),
		.words = sticky_words},
	{.name = "cookie",
		.kind = CONF_TEXT,
		FIELD(struct conf_sticky, cookie),
		.preset_text = "comfymux",
		.judge = conf_judge_cookie},
	{SECONDS("ttl", struct conf_sticky, ttl_ms, 3600)},
	{.name = "max_entries",
		.kind = CONF_WHOLE,
		FIELD(struct conf_sticky, max_entries),
		.preset = 100000,
		.least = 1,
		.most = 10000000},
};
static const struct conf_group group_sticky = {.name = "sticky", KEYS(sticky_keys)};

static const struct conf_key balancing_keys[] = {
	{.name = "strategy",
		.kind = CONF_TEXT,
		FIELD(struct conf_balancing, strategy),
		.judge = conf_judge_id},
	{.name = "enable_failover",
		.kind = CONF_BOOL,
		FIELD(struct conf_balancing, enable_failover),
		.preset = true},
	{.name = "max_retries",
		.kind = CONF_WHOLE,
		FIELD(struct conf_balancing, max_retries),
		.preset = 3,
		.most = 1000},
	{SECONDS("load_interval", struct conf_balancing, load_interval_ms, 2), .least = 10},
	{.name = "sticky",
		.kind = CONF_GROUP,
		FIELD(struct conf_balancing, sticky),
		.inner = &group_sticky},
};
static const struct conf_group group_balancing = {.name = "load_balancing", KEYS(balancing_keys)};

static const struct conf_key health_keys[] = {
	{SECONDS("interval", struct conf_health, interval_ms, 30)},
	{SECONDS("timeout", struct conf_health, timeout_ms, 5), .least = 1},
	{SECONDS("heartbeat_timeout", struct conf_health, heartbeat_timeout_ms, 60), .least = 1},
	{.name = "path",
		.kind = CONF_TEXT,
		FIELD(struct conf_health, path),
		.preset_text = "/system_stats",
		.judge = conf_judge_target},
	{.name = "rise",
		.kind = CONF_WHOLE,
		FIELD(struct conf_health, rise),
		.preset = 2,
		.least = 1,
		.most = 100},
	{.name = "fall",
		.kind = CONF_WHOLE,
		FIELD(struct conf_health, fall),
		.preset = 3,
		.least = 1,
		.most = 100},
};
static const struct conf_group group_health = {.name = "health_check", KEYS(health_keys)};

static const struct conf_key metadata_keys[] = {
	{.name = "location",
		.kind = CONF_TEXT,
		FIELD(struct conf_metadata, location),
		.judge = conf_judge_label},
	{.name = "gpu_model",
		.kind = CONF_TEXT,
		FIELD(struct conf_metadata, gpu_model),
		.judge = conf_judge_label},
	{.name = "priority",
		.kind = CONF_WHOLE,
		FIELD(struct conf_metadata, priority),
		.least = -1000000,
		.most = 1000000},
	{.name = "description",
		.kind = CONF_TEXT,
		FIELD(struct conf_metadata, description),
		.judge = conf_judge_label},
};
static const struct conf_group group_metadata = {.name = "metadata", KEYS(metadata_keys)};

static const struct conf_key node_keys[] = {
	{.name = "node_id",
		.kind = CONF_TEXT,
		FIELD(struct conf_node, node_id),
		.is_required = true,
		.judge = conf_judge_id},
	{.name = "host",
		.kind = CONF_TEXT,
		FIELD(struct conf_node, host),
		.is_required = true,
		.judge = conf_judge_host},
	{.name = "port",
		.kind = CONF_WHOLE,
		FIELD(struct conf_node, port),
		.preset = CONF_NODE_PORT,
		.least = 1,
		.most = 65535},
	{.name = "max_concurrent",
		.kind = CONF_WHOLE,
		FIELD(struct conf_node, max_concurrent),
		.preset = 1,
		.least = 1,
		.most = 10000},
	{.name = "weight",
		.kind = CONF_WHOLE,
		FIELD(struct conf_node, weight),
		.preset = 1,
		.least = 1,
		.most = 1000},
	{.name = "backup", .kind = CONF_BOOL, FIELD(struct conf_node, backup)},
	{.name = "drain", .kind = CONF_BOOL, FIELD(struct conf_node, drain)},
	{.name = "capabilities",
		.kind = CONF_TEXTS,
		FIELD(struct conf_node, capabilities),
		.count_at = offsetof(struct conf_node, capability_count),
		.judge = conf_judge_id},
	{.name = "metadata",
		.kind = CONF_GROUP,
		FIELD(struct conf_node, metadata),
		.inner = &group_metadata},
};
const struct conf_group conf_group_node = {.name = "static_nodes", KEYS(node_keys)};

/* In the order of enum conf_mode and enum conf_sync. */
static const char *const mode_words[] = {"sticky", "fleet", NULL};
static const char *const sync_words[] = {"normal", "full", NULL};

static const struct conf_key journal_keys[] = {
	{.name = "path",
		.kind = CONF_TEXT,
		FIELD(struct conf_journal, path),
		.needs_restart = true,
		.is_path = true,
		.judge = conf_judge_path_or_none},
	{.name = "sync",
		.kind = CONF_WORD,
		FIELD(struct conf_journal, sync),
		.preset = CONF_SYNC_NORMAL,
		.words = sync_words},
};
static const struct conf_group group_journal = {.name = "journal", KEYS(journal_keys)};

/* The name comes first: a pool that is called "nodes" in the file has all but that. */
static const struct conf_key pool_keys[] = {
	{.name = "name",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool, name),
		.is_required = true,
		.judge = conf_judge_id},
	{.name = "keepalive",
		.kind = CONF_WHOLE,
		FIELD(struct conf_pool, keepalive),
		.preset = 64,
		.most = 10000},
	{.name = "mode",
		.kind = CONF_WORD,
		FIELD(struct conf_pool, mode),
		.preset = CONF_MODE_STICKY,
		.words = mode_words},
	{.name = "max_queue",
		.kind = CONF_WHOLE,
		FIELD(struct conf_pool, fleet.max_queue),
		.preset = 10000,
		.least = 1,
		.most = 1000000},
	{.name = "max_history",
		.kind = CONF_WHOLE,
		FIELD(struct conf_pool, fleet.max_history),
		.preset = 10000,
		.least = 1,
		.most = 1000000},
	{.name = "history_bytes",
		.kind = CONF_BYTES,
		FIELD(struct conf_pool, fleet.history_bytes),
		.preset = MIB(512),
		.least = MIB(1),
		.most = INT64_MAX},
	{.name = "prompt_bytes",
		.kind = CONF_BYTES,
		FIELD(struct conf_pool, fleet.prompt_bytes),
		.preset = MIB(100),
		.least = KIB(1),
		.most = MIB(1000)},
	{.name = "rerun_lost",
		.kind = CONF_BOOL,
		FIELD(struct conf_pool, fleet.rerun_lost),
		.preset = true},
	{.name = "bulk_weight",
		.kind = CONF_FACTOR,
		FIELD(struct conf_pool, fleet.bulk_weight),
		.preset = 1000,
		.least = 10,
		.most = 100000},
	{.name = "bulk_jobs",
		.kind = CONF_WHOLE,
		FIELD(struct conf_pool, fleet.bulk_jobs),
		.preset = 10,
		.least = 1,
		.most = 1000000},
	{.name = "spool_dir",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool, fleet.spool_dir),
		.needs_restart = true,
		.is_path = true,
		.judge = conf_judge_path_or_none},
	{.name = "spool_bytes",
		.kind = CONF_BYTES,
		FIELD(struct conf_pool, fleet.spool_bytes),
		.preset = MIB(10240),
		.most = INT64_MAX},
	{.name = "journal",
		.kind = CONF_GROUP,
		FIELD(struct conf_pool, fleet.journal),
		.inner = &group_journal},
	{.name = "priority_header",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool, fleet.priority_header),
		.judge = conf_judge_field_or_none},
	{.name = "max_priority",
		.kind = CONF_WHOLE,
		FIELD(struct conf_pool, fleet.max_priority),
		.most = 1000},
	{SECONDS("page_ping", struct conf_pool, fleet.page_ping_ms, 20)},
	{.name = "page_buffer",
		.kind = CONF_BYTES,
		FIELD(struct conf_pool, fleet.page_buffer),
		.preset = MIB(64),
		.least = KIB(64),
		.most = MIB(1000)},
	{.name = "page_message",
		.kind = CONF_BYTES,
		FIELD(struct conf_pool, fleet.page_message),
		.preset = MIB(4),
		.least = KIB(4),
		.most = MIB(256)},
	{.name = "static_nodes",
		.kind = CONF_HOLE,
		.hole = CONF_HOLE_STATIC_NODES,
		.is_required = true},
	{.name = "tls", .kind = CONF_HOLE, .hole = CONF_HOLE_TLS},
	{.name = "load_balancing",
		.kind = CONF_GROUP,
		FIELD(struct conf_pool, balancing),
		.inner = &group_balancing},
	{.name = "health_check",
		.kind = CONF_GROUP,
		FIELD(struct conf_pool, health),
		.inner = &group_health},
};
const struct conf_group conf_group_pool = {.name = "pools", KEYS(pool_keys)};
const struct conf_group conf_group_nodes = {
	.name = "nodes", .keys = pool_keys + 1, .count = COUNT_OF(pool_keys) - 1};

static const char *const tls_words[] = {"1.2", "1.3", NULL};

static const struct conf_key pool_tls_keys[] = {
	{.name = "verify", .kind = CONF_BOOL, FIELD(struct conf_pool_tls, verify), .preset = true},
	{.name = "name",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool_tls, name),
		.judge = conf_judge_label},
	{.name = "trusted_certificate",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool_tls, trusted_certificate),
		.preset_text = "/etc/ssl/certs/ca-certificates.crt",
		.is_path = true,
		.judge = conf_judge_path},
	{.name = "crl",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool_tls, crl),
		.is_path = true,
		.judge = conf_judge_path_or_none},
	{.name = "certificate",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool_tls, certificate),
		.is_path = true,
		.judge = conf_judge_path_or_none},
	{.name = "key",
		.kind = CONF_TEXT,
		FIELD(struct conf_pool_tls, key),
		.is_path = true,
		.judge = conf_judge_path_or_none},
	{.name = "min_version",
		.kind = CONF_WORD,
		FIELD(struct conf_pool_tls, min_version),
		.preset = 0x0303,
		.least = 0x0303,
		.words = tls_words},
};
const struct conf_group conf_group_pool_tls = {.name = "tls of a pool", KEYS(pool_tls_keys)};

static const struct conf_key tls_keys[] = {
	{.name = "certificate",
		.kind = CONF_TEXT,
		FIELD(struct conf_tls, certificate),
		.is_required = true,
		.is_path = true,
		.judge = conf_judge_path},
	{.name = "key",
		.kind = CONF_TEXT,
		FIELD(struct conf_tls, key),
		.is_required = true,
		.is_path = true,
		.judge = conf_judge_path},
	{.name = "min_version",
		.kind = CONF_WORD,
		FIELD(struct conf_tls, min_version),
		.preset = 0x0303,
		.least = 0x0303,
		.words = tls_words},
	{.name = "ciphers",
		.kind = CONF_TEXT,
		FIELD(struct conf_tls, ciphers),
		.judge = conf_judge_path_or_none},
};
const struct conf_group conf_group_tls = {.name = "tls", KEYS(tls_keys)};

static const struct conf_key respond_keys[] = {
	{.name = "status",
		.kind = CONF_WHOLE,
		FIELD(struct conf_respond, status),
		.preset = 200,
		.least = 200,
		.most = 599},
	{.name = "type",
		.kind = CONF_TEXT,
		FIELD(struct conf_respond, type),
		.preset_text = "text/plain",
		.judge = conf_judge_type},
	{.name = "body", .kind = CONF_TEXT, FIELD(struct conf_respond, body)},
};
const struct conf_group conf_group_respond = {.name = "respond", KEYS(respond_keys)};

static const struct conf_key location_keys[] = {
	{.name = "path",
		.kind = CONF_TEXT,
		FIELD(struct conf_location, path),
		.is_required = true,
		.judge = conf_judge_location},
	{.name = "pool", .kind = CONF_HOLE, .hole = CONF_HOLE_POOL},
	{.name = "respond", .kind = CONF_HOLE, .hole = CONF_HOLE_RESPOND},
	{.name = "timeouts",
		.kind = CONF_GROUP,
		FIELD(struct conf_location, timeouts),
		.inner = &conf_group_timeouts},
	{.name = "limits",
		.kind = CONF_GROUP,
		FIELD(struct conf_location, limits),
		.inner = &conf_group_limits},
};
const struct conf_group conf_group_location = {.name = "locations", KEYS(location_keys)};

static const struct conf_key server_keys[] = {
	{.name = "listen", .kind = CONF_HOLE, .hole = CONF_HOLE_LISTEN, .is_required = true},
	{.name = "names",
		.kind = CONF_TEXTS,
		FIELD(struct conf_server, names),
		.count_at = offsetof(struct conf_server, name_count),
		.judge = conf_judge_server_name},
	{.name = "tls", .kind = CONF_HOLE, .hole = CONF_HOLE_TLS},
	{.name = "proxy_protocol", .kind = CONF_HOLE, .hole = CONF_HOLE_PROXIES},
	{.name = "locations", .kind = CONF_HOLE, .hole = CONF_HOLE_LOCATIONS, .is_required = true},
};
const struct conf_group conf_group_server = {.name = "servers", KEYS(server_keys)};

/* In the order of enum log_level and enum conf_log_format. */
static const char *const level_words[] = {
	"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", NULL};
static const char *const format_words[] = {"combined", "json", "off", NULL};

static const struct conf_key error_log_keys[] = {
	{.name = "file",
		.kind = CONF_TEXT,
		FIELD(struct conf, error_log),
		.preset_text = "stderr",
		.is_path = true,
		.judge = conf_judge_path},
	{.name = "level",
		.kind = CONF_WORD,
		FIELD(struct conf, error_level),
		.preset = LOG_INFO,
		.words = level_words},
};
static const struct conf_group group_error_log = {.name = "error_log", KEYS(error_log_keys)};

static const struct conf_key access_log_keys[] = {
	{.name = "file",
		.kind = CONF_TEXT,
		FIELD(struct conf, access_log),
		.is_path = true,
		.judge = conf_judge_path_or_none},
	{.name = "format",
		.kind = CONF_WORD,
		FIELD(struct conf, access_format),
		.preset = CONF_LOG_OFF,
		.words = format_words},
};
static const struct conf_group group_access_log = {.name = "access_log", KEYS(access_log_keys)};

static const struct conf_key admin_keys[] = {
	{.name = "listen",
		.kind = CONF_TEXT,
		FIELD(struct conf, admin_listen),
		.needs_restart = true,
		.judge = conf_judge_path_or_none},
};
static const struct conf_group group_admin = {.name = "admin", KEYS(admin_keys)};

static const struct conf_key root_keys[] = {
	{.name = "daemon", .kind = CONF_BOOL, FIELD(struct conf, daemon), .needs_restart = true},
	{.name = "pid_file",
		.kind = CONF_TEXT,
		FIELD(struct conf, pid_file),
		.needs_restart = true,
		.is_path = true,
		.judge = conf_judge_path_or_none},
	{.name = "user",
		.kind = CONF_TEXT,
		FIELD(struct conf, user),
		.needs_restart = true,
		.judge = conf_judge_label},
	{.name = "error_log", .kind = CONF_GROUP, .inner = &group_error_log},
	{.name = "access_log", .kind = CONF_GROUP, .inner = &group_access_log},
	{.name = "admin", .kind = CONF_GROUP, .inner = &group_admin},
	{.name = "timeouts",
		.kind = CONF_GROUP,
		FIELD(struct conf, timeouts),
		.inner = &conf_group_timeouts},
	{.name = "limits",
		.kind = CONF_GROUP,
		FIELD(struct conf, limits),
		.inner = &conf_group_limits},
	{.name = "listen", .kind = CONF_HOLE, .hole = CONF_HOLE_LISTEN},
	{.name = "tls", .kind = CONF_HOLE, .hole = CONF_HOLE_TLS},
	{.name = "proxy_protocol", .kind = CONF_HOLE, .hole = CONF_HOLE_PROXIES},
	{.name = "nodes", .kind = CONF_HOLE, .hole = CONF_HOLE_NODES},
	{.name = "pools", .kind = CONF_HOLE, .hole = CONF_HOLE_POOLS},
	{.name = "servers", .kind = CONF_HOLE, .hole = CONF_HOLE_SERVERS},
};
const struct conf_group conf_group_root = {.name = "the file", KEYS(root_keys)};

const struct conf_group *const conf_groups[] = {&conf_group_root, &group_error_log,
	&group_access_log, &group_admin, &conf_group_timeouts, &conf_group_limits, &conf_group_pool,
	&group_journal, &conf_group_pool_tls, &group_balancing, &group_sticky, &group_health,
	&conf_group_node, &group_metadata, &conf_group_server, &conf_group_tls,
	&conf_group_location, &conf_group_respond, NULL};
