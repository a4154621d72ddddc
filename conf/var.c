/*
 * conf/var.c - the names.
 */
#include "conf/var.h"

#define FAMILY true, false
#define PLAIN false, false
#define MAY_SET false, true

/* By enum conf_var. */
static const struct {
	const char *name;
	bool is_family, may_set;
} vars[CONF_VAR_COUNT] = {
	[CONF_VAR_ARGS] = {"args", MAY_SET},
	[CONF_VAR_ARG_X] = {"arg_", FAMILY},
	[CONF_VAR_BINARY_REMOTE_ADDR] = {"binary_remote_addr", PLAIN},
	[CONF_VAR_BODY_BYTES_SENT] = {"body_bytes_sent", PLAIN},
	[CONF_VAR_BYTES_SENT] = {"bytes_sent", PLAIN},
	[CONF_VAR_CONNECTION] = {"connection", PLAIN},
	[CONF_VAR_CONNECTION_REQUESTS] = {"connection_requests", PLAIN},
	[CONF_VAR_CONNECTION_TIME] = {"connection_time", PLAIN},
	[CONF_VAR_CONTENT_LENGTH] = {"content_length", PLAIN},
	[CONF_VAR_CONTENT_TYPE] = {"content_type", PLAIN},
	[CONF_VAR_COOKIE_X] = {"cookie_", FAMILY},
	[CONF_VAR_DOCUMENT_ROOT] = {"document_root", PLAIN},
	[CONF_VAR_DOCUMENT_URI] = {"document_uri", PLAIN},
	[CONF_VAR_HOST] = {"host", PLAIN},
	[CONF_VAR_HOSTNAME] = {"hostname", PLAIN},
	[CONF_VAR_HTTP2] = {"http2", PLAIN},
	[CONF_VAR_HTTP_X] = {"http_", FAMILY},
	[CONF_VAR_HTTPS] = {"https", PLAIN},
	[CONF_VAR_INVALID_REFERER] = {"invalid_referer", MAY_SET},
	[CONF_VAR_IS_ARGS] = {"is_args", PLAIN},
	[CONF_VAR_LIMIT_RATE] = {"limit_rate", MAY_SET},
	[CONF_VAR_MSEC] = {"msec", PLAIN},
	[CONF_VAR_NGINX_VERSION] = {"nginx_version", PLAIN},
	[CONF_VAR_PID] = {"pid", PLAIN},
	[CONF_VAR_PIPE] = {"pipe", PLAIN},
	[CONF_VAR_PROXY_PROTOCOL_ADDR] = {"proxy_protocol_addr", PLAIN},
	[CONF_VAR_PROXY_PROTOCOL_PORT] = {"proxy_protocol_port", PLAIN},
	[CONF_VAR_PROXY_PROTOCOL_SERVER_ADDR] = {"proxy_protocol_server_addr", PLAIN},
	[CONF_VAR_PROXY_PROTOCOL_SERVER_PORT] = {"proxy_protocol_server_port", PLAIN},
	[CONF_VAR_PROXY_PROTOCOL_TLV_X] = {"proxy_protocol_tlv_", FAMILY},
	[CONF_VAR_QUERY_STRING] = {"query_string", PLAIN},
	[CONF_VAR_REALIP_REMOTE_ADDR] = {"realip_remote_addr", PLAIN},
	[CONF_VAR_REALIP_REMOTE_PORT] = {"realip_remote_port", PLAIN},
	[CONF_VAR_REALPATH_ROOT] = {"realpath_root", PLAIN},
	[CONF_VAR_REMOTE_ADDR] = {"remote_addr", PLAIN},
	[CONF_VAR_REMOTE_PORT] = {"remote_port", PLAIN},
	[CONF_VAR_REMOTE_USER] = {"remote_user", PLAIN},
	[CONF_VAR_REQUEST] = {"request", PLAIN},
	[CONF_VAR_REQUEST_BODY] = {"request_body", PLAIN},
	[CONF_VAR_REQUEST_BODY_FILE] = {"request_body_file", PLAIN},
	[CONF_VAR_REQUEST_COMPLETION] = {"request_completion", PLAIN},
	[CONF_VAR_REQUEST_FILENAME] = {"request_filename", PLAIN},
	[CONF_VAR_REQUEST_ID] = {"request_id", PLAIN},
	[CONF_VAR_REQUEST_LENGTH] = {"request_length", PLAIN},
	[CONF_VAR_REQUEST_METHOD] = {"request_method", PLAIN},
	[CONF_VAR_REQUEST_TIME] = {"request_time", PLAIN},
	[CONF_VAR_REQUEST_URI] = {"request_uri", PLAIN},
	[CONF_VAR_SCHEME] = {"scheme", PLAIN},
	[CONF_VAR_SENT_HTTP_X] = {"sent_http_", FAMILY},
	[CONF_VAR_SENT_TRAILER_X] = {"sent_trailer_", FAMILY},
	[CONF_VAR_SERVER_ADDR] = {"server_addr", PLAIN},
	[CONF_VAR_SERVER_NAME] = {"server_name", PLAIN},
	[CONF_VAR_SERVER_PORT] = {"server_port", PLAIN},
	[CONF_VAR_SERVER_PROTOCOL] = {"server_protocol", PLAIN},
	[CONF_VAR_STATUS] = {"status", PLAIN},
	[CONF_VAR_TCPINFO_RCV_SPACE] = {"tcpinfo_rcv_space", PLAIN},
	[CONF_VAR_TCPINFO_RTT] = {"tcpinfo_rtt", PLAIN},
	[CONF_VAR_TCPINFO_RTTVAR] = {"tcpinfo_rttvar", PLAIN},
	[CONF_VAR_TCPINFO_SND_CWND] = {"tcpinfo_snd_cwnd", PLAIN},
	[CONF_VAR_TIME_ISO8601] = {"time_iso8601", PLAIN},
	[CONF_VAR_TIME_LOCAL] = {"time_local", PLAIN},
	[CONF_VAR_URI] = {"uri", PLAIN},
	[CONF_VAR_CONNECTIONS_ACTIVE] = {"connections_active", PLAIN},
	[CONF_VAR_CONNECTIONS_READING] = {"connections_reading", PLAIN},
	[CONF_VAR_CONNECTIONS_WAITING] = {"connections_waiting", PLAIN},
	[CONF_VAR_CONNECTIONS_WRITING] = {"connections_writing", PLAIN},
	[CONF_VAR_GZIP_RATIO] = {"gzip_ratio", PLAIN},
	[CONF_VAR_LIMIT_CONN_STATUS] = {"limit_conn_status", PLAIN},
	[CONF_VAR_LIMIT_REQ_STATUS] = {"limit_req_status", PLAIN},
	[CONF_VAR_PROXY_ADD_X_FORWARDED_FOR] = {"proxy_add_x_forwarded_for", PLAIN},
	[CONF_VAR_PROXY_HOST] = {"proxy_host", MAY_SET},
	[CONF_VAR_PROXY_PORT] = {"proxy_port", MAY_SET},
	[CONF_VAR_UPSTREAM_ADDR] = {"upstream_addr", PLAIN},
	[CONF_VAR_UPSTREAM_BYTES_RECEIVED] = {"upstream_bytes_received", PLAIN},
	[CONF_VAR_UPSTREAM_BYTES_SENT] = {"upstream_bytes_sent", PLAIN},
	[CONF_VAR_UPSTREAM_CACHE_STATUS] = {"upstream_cache_status", PLAIN},
	[CONF_VAR_UPSTREAM_CONNECT_TIME] = {"upstream_connect_time", PLAIN},
	[CONF_VAR_UPSTREAM_COOKIE_X] = {"upstream_cookie_", FAMILY},
	[CONF_VAR_UPSTREAM_HEADER_TIME] = {"upstream_header_time", PLAIN},
	[CONF_VAR_UPSTREAM_HTTP_X] = {"upstream_http_", FAMILY},
	[CONF_VAR_UPSTREAM_RESPONSE_LENGTH] = {"upstream_response_length", PLAIN},
	[CONF_VAR_UPSTREAM_RESPONSE_TIME] = {"upstream_response_time", PLAIN},
	[CONF_VAR_UPSTREAM_STATUS] = {"upstream_status", PLAIN},
	[CONF_VAR_UPSTREAM_TRAILER_X] = {"upstream_trailer_", FAMILY},
	[CONF_VAR_SSL_ALPN_PROTOCOL] = {"ssl_alpn_protocol", PLAIN},
	[CONF_VAR_SSL_CIPHER] = {"ssl_cipher", PLAIN},
	[CONF_VAR_SSL_CIPHERS] = {"ssl_ciphers", PLAIN},
	[CONF_VAR_SSL_CLIENT_CERT] = {"ssl_client_cert", PLAIN},
	[CONF_VAR_SSL_CLIENT_ESCAPED_CERT] = {"ssl_client_escaped_cert", PLAIN},
	[CONF_VAR_SSL_CLIENT_FINGERPRINT] = {"ssl_client_fingerprint", PLAIN},
	[CONF_VAR_SSL_CLIENT_I_DN] = {"ssl_client_i_dn", PLAIN},
	[CONF_VAR_SSL_CLIENT_I_DN_LEGACY] = {"ssl_client_i_dn_legacy", PLAIN},
	[CONF_VAR_SSL_CLIENT_RAW_CERT] = {"ssl_client_raw_cert", PLAIN},
	[CONF_VAR_SSL_CLIENT_S_DN] = {"ssl_client_s_dn", PLAIN},
	[CONF_VAR_SSL_CLIENT_S_DN_LEGACY] = {"ssl_client_s_dn_legacy", PLAIN},
	[CONF_VAR_SSL_CLIENT_SERIAL] = {"ssl_client_serial", PLAIN},
	[CONF_VAR_SSL_CLIENT_V_END] = {"ssl_client_v_end", PLAIN},
	[CONF_VAR_SSL_CLIENT_V_REMAIN] = {"ssl_client_v_remain", PLAIN},
	[CONF_VAR_SSL_CLIENT_V_START] = {"ssl_client_v_start", PLAIN},
	[CONF_VAR_SSL_CLIENT_VERIFY] = {"ssl_client_verify", PLAIN},
	[CONF_VAR_SSL_CURVE] = {"ssl_curve", PLAIN},
	[CONF_VAR_SSL_CURVES] = {"ssl_curves", PLAIN},
	[CONF_VAR_SSL_EARLY_DATA] = {"ssl_early_data", PLAIN},
	[CONF_VAR_SSL_PROTOCOL] = {"ssl_protocol", PLAIN},
	[CONF_VAR_SSL_SERVER_NAME] = {"ssl_server_name", PLAIN},
	[CONF_VAR_SSL_SESSION_ID] = {"ssl_session_id", PLAIN},
	[CONF_VAR_SSL_SESSION_REUSED] = {"ssl_session_reused", PLAIN},
};

/* Members of families that are defined by name. */
static const char *const fixed[] = {
	"http_cookie",
	"http_host",
	"http_referer",
	"http_user_agent",
	"http_via",
	"http_x_forwarded_for",
	"sent_http_cache_control",
	"sent_http_connection",
	"sent_http_content_length",
	"sent_http_content_type",
	"sent_http_keep_alive",
	"sent_http_last_modified",
	"sent_http_link",
	"sent_http_location",
	"sent_http_transfer_encoding",
};

enum conf_var conf_var_named(struct slice name)
{
	for (unsigned i = 0; i < CONF_VAR_COUNT; i++)
		if (!vars[i].is_family && slice_is(name, slice_of(vars[i].name)))
			return (enum conf_var)i;
	return CONF_VAR_COUNT;
}

enum conf_var conf_var_family(struct slice name, struct slice *ret_rest)
{
	/* No family's name begins with another's. */
	for (unsigned i = 0; i < CONF_VAR_COUNT; i++) {
		struct slice family = slice_of(vars[i].name);
		if (!vars[i].is_family || !slice_starts(name, family))
			continue;
		*ret_rest = (struct slice){name.p + family.n, name.n - family.n};
		return (enum conf_var)i;
	}
	return CONF_VAR_COUNT;
}

bool conf_var_is_fixed(struct slice name)
{
	for (size_t i = 0; i < COUNT_OF(fixed); i++)
		if (slice_is(name, slice_of(fixed[i])))
			return true;
	return conf_var_named(name) != CONF_VAR_COUNT;
}

bool conf_var_may_set(enum conf_var var)
{
	return vars[var].may_set;
}

const char *conf_var_name(enum conf_var var)
{
	return vars[var].name;
}
