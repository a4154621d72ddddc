#include "conf/web_defaults.h"

#define SLICE_INIT(text)                                                                           \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

static const struct conf_part root_html = {.kind = CONF_PART_TEXT, .text = SLICE_INIT("html")};
static const struct conf_part index_html = {
	.kind = CONF_PART_TEXT, .text = SLICE_INIT("index.html")};
static const struct conf_value index_values[] = {{&index_html, 1}};

/* In the order of suffixes. */
static const struct conf_type default_types[] = {
	{SLICE_INIT("gif"), SLICE_INIT("image/gif")},
	{SLICE_INIT("html"), SLICE_INIT("text/html")},
	{SLICE_INIT("jpg"), SLICE_INIT("image/jpeg")},
};

const struct conf_loc conf_loc_defaults = {
	.root = {&root_html, 1},
	.index = {.items = (struct conf_value *)index_values, .count = 1},
	.default_type = SLICE_INIT("text/plain"),
	.types = {default_types, COUNT_OF(default_types)},
	.client_max_body_size = UINT64_C(1024) * 1024,
	.client_body_buffer_size = 16384,
	.client_body_temp_path = {.path = CONF_TEMP_FOLDER},
	.client_body_timeout_ms = 60000,
	.send_timeout_ms = 60000,
	.keepalive_timeout_ms = 75000,
	.keepalive_requests = 1000,
	.keepalive_time_ms = 3600000,
	.keepalive_disable = CONF_KEEPALIVE_MSIE6,
	.lingering_close = CONF_ON,
	.lingering_time_ms = 30000,
	.lingering_timeout_ms = 5000,
	.server_tokens = CONF_ON,
	.absolute_redirect = true,
	.port_in_redirect = true,
	.chunked_transfer_encoding = true,
	.etag = true,
	.log_not_found = true,
	.uninitialized_variable_warn = true,
	.if_modified_since = CONF_IMS_EXACT,
	.max_ranges = UINT32_MAX,
	.autoindex_exact_size = true,
	.resolver_timeout_ms = 30000,
	.gzip =
		{
			.http_version = 11,
			.proxied = CONF_GZIP_PROXIED_OFF,
			.min_length = 20,
			.level = 1,
			.window = 15,
			.hash = 8,
			.buffers_count = 32,
			.buffers_size = 4096,
		},
	.proxy =
		{
			.http_version = 10,
			.pass_request_headers = true,
			.pass_request_body = true,
			.buffering = true,
			.request_buffering = true,
			.buffer_size = 4096,
			.buffers_count = 8,
			.buffers_size = 4096,
			.busy_buffers_size = 8192,
			.max_temp_file_size = UINT64_C(1024) * 1024 * 1024,
			.temp_path = {.path = CONF_TEMP_FOLDER},
			.connect_timeout_ms = 60000,
			.send_timeout_ms = 60000,
			.read_timeout_ms = 60000,
			.next_upstream = CONF_NEXT_ERROR | CONF_NEXT_TIMEOUT,
			.websocket = true,
		},
	.upstream_tls =
		{
			.protocols = CONF_TLS_PROTOCOLS_DEFAULT,
			.ciphers = CONF_TLS_CIPHERS_UPSTREAM,
			.verify_depth = 1,
			.session_reuse = true,
		},
};

const struct conf_srv conf_srv_defaults = {
	.client_header_timeout_ms = 60000,
	.client_header_buffer_size = 1024,
	.large_buffers_count = 4,
	.large_buffers_size = 8192,
	.ignore_invalid_headers = true,
	.merge_slashes = true,
	.ssl =
		{
			.protocols = CONF_TLS_PROTOCOLS_DEFAULT,
			.ciphers = CONF_TLS_CIPHERS_SERVER,
			.ecdh_curve = "auto",
			.session_timeout_s = 300,
			.session_tickets = true,
			.verify_depth = 1,
			.buffer_size = 16384,
		},
};
