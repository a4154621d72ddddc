/*
 * conf/nginx/set_tls.c - ssl_* and proxy_ssl_*: into conf/tls_tree.h.
 *
 * What OpenSSL has to judge (certificates, lists of ciphers) is judged when a generation is built
 * (proxy/tls.h), in nginx's words too.
 */
#include "conf/nginx/areas.h"
#include "conf/nginx/http.h"
#include "conf/nginx/upstream.h"
#include "conf/tls_tree.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAST_ZONE 32768 /* eight pages */

/* -- files -- */

static bool fill_file(struct ngx_build *b, const char *text, struct conf_tls_file *ret)
{
	ret->text = text;
	ret->path = NULL;
	if (strncmp(text, "data:", strlen("data:")) == 0)
		return true;
	ret->path = ngx_conf_path(b, text);
	return ret->path != NULL;
}

static bool set_file(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	return ngx_once(b, node, d) && fill_file(b, node->args[0], ngx_field(b, d));
}

/* nginx 1.19.5 and later look such names up for each connection. */
static bool has_no_vars(struct ngx_build *b, const struct ngx_node *node)
{
	return !conf_text_has_vars(node->args[0]) ||
	       ngx_fail(b, node, "variables in \"%s\" are not supported: \"%s\"", node->name,
		       node->args[0]);
}

static bool set_fixed_file(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!has_no_vars(b, node) || !set_file(b, node, d))
		return false;
	/* Takes back what was said further out. */
	if (node->args[0][0] == '\0')
		*(struct conf_tls_file *)ngx_field(b, d) = (struct conf_tls_file){NULL, NULL};
	return true;
}

static bool add_file(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!has_no_vars(b, node))
		return false;
	struct conf_tls_files *files = ngx_field(b, d);
	struct conf_tls_file *file = ngx_push(b, files);
	return file != NULL && fill_file(b, node->args[0], file);
}

static bool set_password_file(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!set_file(b, node, d))
		return false;
	const struct conf_tls_file *file = ngx_field(b, d);
	/* Not opened: what a pipe has to say is said once. */
	if (file->path == NULL || access(file->path, R_OK) != 0) {
		int error = file->path == NULL ? ENOENT : errno;
		return ngx_fail(b, node, "open() \"%s\" failed (%d: %s)",
			file->path == NULL ? file->text : file->path, error,
			strerrordesc_np(error));
	}
	return true;
}

static bool add_command(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_tls_commands *commands = ngx_field(b, d);
	struct conf_tls_command *command = ngx_push(b, commands);
	if (command == NULL)
		return false;
	command->name = node->args[0];
	return fill_file(b, node->args[1], &command->value);
}

/* -- sessions -- */

static bool set_seconds(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	uint64_t n;
	if (!ngx_once(b, node, d))
		return false;
	if (!ngx_parse_seconds(node->args[0], &n))
		return ngx_wrong(b, node, "invalid value");
	*(uint64_t *)ngx_field(b, d) = n;
	return true;
}

/* The zones of ssl_session_cache, whatever server names them. */
struct zone {
	struct zone *next;
	const char *name;
	uint64_t bytes;
};

static bool share_zone(
	struct ngx_build *b, const struct ngx_node *node, const char *name, uint64_t bytes)
{
	struct zone **at = (struct zone **)&b->tls_zones;
	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	if (*at != NULL)
		return (*at)->bytes == bytes ||
		       ngx_fail(b, node,
			       "the size %llu of shared memory zone \"%s\" conflicts with already "
			       "declared size %llu",
			       (unsigned long long)bytes, name, (unsigned long long)(*at)->bytes);
	*at = arena_zero(b->arena, sizeof(**at));
	if (*at == NULL)
		return ngx_no_memory(b);
	**at = (struct zone){.name = name, .bytes = bytes};
	return true;
}

/* shared:NAME:SIZE */
static bool read_shared(struct ngx_build *b, const struct ngx_node *node, const char *arg,
	struct conf_tls_cache *cache)
{
	const char *name = arg + strlen("shared:");
	const char *colon = strchr(name, ':');
	uint64_t bytes;
	if (colon == NULL || colon == name || !ngx_parse_size(colon + 1, &bytes))
		return ngx_fail(b, node, "invalid session cache \"%s\"", arg);
	if (bytes < LEAST_ZONE)
		return ngx_fail(b, node, "session cache \"%s\" is too small", arg);
	cache->shared = arena_copy(b->arena, name, (size_t)(colon - name));
	cache->shared_bytes = bytes;
	if (cache->shared == NULL)
		return ngx_no_memory(b);
	return share_zone(b, node, cache->shared, bytes);
}

static bool set_session_cache(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	struct conf_tls_cache *cache = ngx_field(b, d);
	bool is_off = false, is_none = false;
	*cache = (struct conf_tls_cache){0};
	for (uint32_t i = 0; i < node->arg_count; i++) {
		const char *arg = node->args[i];
		uint64_t n = CONF_TLS_BUILTIN_DEFAULT;
		bool is_builtin = strcmp(arg, "builtin") == 0 ||
				  (strncmp(arg, "builtin:", strlen("builtin:")) == 0 &&
					  ngx_parse_number(
						  arg + strlen("builtin:"), INT32_MAX, &n));
		if (is_builtin || strcmp(arg, "off") == 0 || strcmp(arg, "none") == 0) {
			cache->has_builtin = is_builtin;
			cache->builtin = is_builtin ? (uint32_t)n : 0;
			is_off = arg[0] == 'o';
			is_none = arg[0] == 'n';
		} else if (strncmp(arg, "shared:", strlen("shared:")) == 0) {
			if (!read_shared(b, node, arg, cache))
				return false;
		} else {
			return ngx_fail(b, node, "invalid session cache \"%s\"", arg);
		}
	}
	cache->kind = is_off    ? CONF_TLS_CACHE_OFF
		      : is_none ? CONF_TLS_CACHE_NONE
				: CONF_TLS_CACHE_ON;
	if (cache->kind != CONF_TLS_CACHE_ON)
		cache->shared = NULL;
	return true;
}

/* -- what is other than in nginx -- */

static bool set_ssl(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char *arg = node->args[0];
	bool is_on = strcasecmp(arg, "on") == 0;
	if (!ngx_once(b, node, d))
		return false;
	if (!is_on && strcasecmp(arg, "off") != 0)
		return ngx_fail(b, node,
			"invalid value \"%s\" in \"ssl\" directive, it must be \"on\" or \"off\"",
			arg);
	*(struct conf_place *)ngx_field(b, d) = is_on ? node->place : (struct conf_place){0};
	ngx_warn(b, node,
		"the \"ssl\" directive is deprecated, use the \"listen ... ssl\" directive "
		"instead");
	return true;
}

/* It would let nobody in whose certificate was revoked, so it is not just passed over. */
static bool set_ocsp(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char *arg = node->args[0];
	(void)d;
	if (strcmp(arg, "off") == 0)
		return true;
	if (strcmp(arg, "on") != 0 && strcmp(arg, "leaf") != 0)
		return ngx_fail(b, node, "invalid value \"%s\"", arg);
	return ngx_fail(b, node,
		"\"ssl_ocsp %s\" is not supported: use \"ssl_crl\" for certificates that "
		"are no longer good",
		arg);
}

static bool set_early_data(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	const char *arg = node->args[0];
	(void)d;
	if (strcasecmp(arg, "on") == 0)
		ngx_warn(b, node,
			"\"ssl_early_data\": clients are told to send their requests "
			"after the handshake");
	else if (strcasecmp(arg, "off") != 0)
		return ngx_fail(b, node,
			"invalid value \"%s\" in \"%s\" directive, it must be \"on\" or \"off\"",
			arg, node->name);
	return true;
}

static bool set_name(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d)
{
	if (!ngx_once(b, node, d))
		return false;
	struct conf_tls_name *name = ngx_field(b, d);
	name->is_given = true;
	return ngx_compile(b, node, node->args[0], &name->value);
}

/* -- the table -- */

static const struct ngx_word protocol_words[] = {
	{"SSLv2", CONF_TLS_SSL2},
	{"SSLv3", CONF_TLS_SSL3},
	{"TLSv1", CONF_TLS_1_0},
	{"TLSv1.1", CONF_TLS_1_1},
	{"TLSv1.2", CONF_TLS_1_2},
	{"TLSv1.3", CONF_TLS_1_3},
	{NULL, 0},
};

static const struct ngx_word verify_words[] = {
	{"off", CONF_VERIFY_OFF},
	{"on", CONF_VERIFY_ON},
	{"optional", CONF_VERIFY_OPTIONAL},
	{"optional_no_ca", CONF_VERIFY_OPTIONAL_NO_CA},
	{NULL, 0},
};

#define SERVERS (NGX_HTTP | NGX_SERVER)
#define NOT_STAPLED "answers of OCSP are not sent along with certificates"

static const struct ngx_directive directives[] = {
	{"ssl", SERVERS, NGX_FLAG, set_ssl, NGX_SRV(ssl.on)},
	{"ssl_certificate", SERVERS, BIT(1), add_file, NGX_SRV(ssl.certificate)},
	{"ssl_certificate_key", SERVERS, BIT(1), add_file, NGX_SRV(ssl.certificate_key)},
	{"ssl_password_file", SERVERS, BIT(1), set_password_file, NGX_SRV(ssl.password_file)},
	{"ssl_protocols", SERVERS, NGX_1MORE, ngx_set_bits, NGX_SRV(ssl.protocols),
		.extra = protocol_words},
	{"ssl_ciphers", SERVERS, BIT(1), ngx_set_text, NGX_SRV(ssl.ciphers)},
	{"ssl_ecdh_curve", SERVERS, BIT(1), ngx_set_text, NGX_SRV(ssl.ecdh_curve)},
	{"ssl_prefer_server_ciphers", SERVERS, NGX_FLAG, ngx_set_flag,
		NGX_SRV(ssl.prefer_server_ciphers)},
	{"ssl_dhparam", SERVERS, BIT(1), set_file, NGX_SRV(ssl.dhparam)},
	{"ssl_session_cache", SERVERS, BIT(1) | BIT(2), set_session_cache,
		NGX_SRV(ssl.session_cache)},
	{"ssl_session_timeout", SERVERS, BIT(1), set_seconds, NGX_SRV(ssl.session_timeout_s)},
	{"ssl_session_tickets", SERVERS, NGX_FLAG, ngx_set_flag, NGX_SRV(ssl.session_tickets)},
	{"ssl_session_ticket_key", SERVERS, BIT(1), add_file, NGX_SRV(ssl.session_ticket_key)},
	{"ssl_client_certificate", SERVERS, BIT(1), set_file, NGX_SRV(ssl.client_certificate)},
	{"ssl_trusted_certificate", SERVERS, BIT(1), set_file, NGX_SRV(ssl.trusted_certificate)},
	{"ssl_crl", SERVERS, BIT(1), set_file, NGX_SRV(ssl.crl)},
	{"ssl_verify_client", SERVERS, BIT(1), ngx_set_enum, NGX_SRV(ssl.verify_client),
		.extra = verify_words},
	{"ssl_verify_depth", SERVERS, BIT(1), ngx_set_number, NGX_SRV(ssl.verify_depth)},
	{"ssl_buffer_size", SERVERS, BIT(1), ngx_set_size, NGX_SRV(ssl.buffer_size)},
	{"ssl_conf_command", SERVERS, BIT(2), add_command, NGX_SRV(ssl.conf_command)},
	{"ssl_reject_handshake", SERVERS, NGX_FLAG, ngx_set_flag, NGX_SRV(ssl.reject_handshake)},
	{"ssl_early_data", SERVERS, NGX_FLAG, set_early_data},
	{"ssl_ocsp", SERVERS, BIT(1), set_ocsp},
	{"ssl_ocsp_cache", SERVERS, BIT(1), ngx_accept, .note = "OCSP is not asked"},
	{"ssl_ocsp_responder", SERVERS, BIT(1), ngx_accept, .note = "OCSP is not asked"},
	{"ssl_stapling", SERVERS, NGX_FLAG, ngx_accept, .note = NOT_STAPLED},
	{"ssl_stapling_file", SERVERS, BIT(1), ngx_accept, .note = NOT_STAPLED},
	{"ssl_stapling_responder", SERVERS, BIT(1), ngx_accept, .note = NOT_STAPLED},
	{"ssl_stapling_verify", SERVERS, NGX_FLAG, ngx_accept, .note = NOT_STAPLED},

	{"proxy_ssl_certificate", NGX_HTTP_LEVELS, BIT(1), set_fixed_file,
		NGX_LOC(upstream_tls.certificate)},
	{"proxy_ssl_certificate_key", NGX_HTTP_LEVELS, BIT(1), set_fixed_file,
		NGX_LOC(upstream_tls.certificate_key)},
	{"proxy_ssl_password_file", NGX_HTTP_LEVELS, BIT(1), set_password_file,
		NGX_LOC(upstream_tls.password_file)},
	{"proxy_ssl_protocols", NGX_HTTP_LEVELS, NGX_1MORE, ngx_set_bits,
		NGX_LOC(upstream_tls.protocols), .extra = protocol_words},
	{"proxy_ssl_ciphers", NGX_HTTP_LEVELS, BIT(1), ngx_set_text, NGX_LOC(upstream_tls.ciphers)},
	{"proxy_ssl_name", NGX_HTTP_LEVELS, BIT(1), set_name, NGX_LOC(upstream_tls.name)},
	{"proxy_ssl_server_name", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(upstream_tls.server_name)},
	{"proxy_ssl_verify", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag, NGX_LOC(upstream_tls.verify)},
	{"proxy_ssl_verify_depth", NGX_HTTP_LEVELS, BIT(1), ngx_set_number,
		NGX_LOC(upstream_tls.verify_depth)},
	{"proxy_ssl_trusted_certificate", NGX_HTTP_LEVELS, BIT(1), set_file,
		NGX_LOC(upstream_tls.trusted_certificate)},
	{"proxy_ssl_crl", NGX_HTTP_LEVELS, BIT(1), set_file, NGX_LOC(upstream_tls.crl)},
	{"proxy_ssl_session_reuse", NGX_HTTP_LEVELS, NGX_FLAG, ngx_set_flag,
		NGX_LOC(upstream_tls.session_reuse)},
	{"proxy_ssl_conf_command", NGX_HTTP_LEVELS, BIT(2), add_command,
		NGX_LOC(upstream_tls.conf_command)},
};

/* -- the end -- */

static bool finish_loc(struct ngx_build *b, struct ngx_scope *scope)
{
	struct conf_proxy *proxy = &scope->loc->proxy;
	/* With variables only the request tells which it is. */
	bool is_used = scope->loc->content == CONF_CONTENT_PROXY &&
		       (proxy->is_https || proxy->has_variables);
	proxy->tls = is_used ? &scope->loc->upstream_tls : NULL;
	if (!is_used)
		return true;
	/* The list is one of pointers. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	const struct conf_upstream_tls **used = ngx_push(b, &b->web->upstream_tls);
	if (used != NULL)
		*used = proxy->tls;
	return used != NULL;
}

/* nginx reads them where http ends. */
static bool check_tickets(struct ngx_build *b, const struct conf_tls_files *files)
{
	const struct ngx_node *http = b->http->node;
	const struct ngx_node where = {.place = {http->place.file, http->end_line}};
	struct stat status;
	for (uint32_t i = 0; i < files->count; i++) {
		const char *path = files->items[i].path;
		if (path == NULL || stat(path, &status) != 0) {
			int error = path == NULL ? ENOENT : errno;
			return ngx_fail(b, &where, "open() \"%s\" failed (%d: %s)",
				path == NULL ? files->items[i].text : path, error,
				strerrordesc_np(error));
		}
		if (status.st_size != 48 && status.st_size != 80)
			return ngx_fail(b, &where, "\"%s\" must be 48 or 80 bytes", path);
	}
	return true;
}

static bool finish_server(struct ngx_build *b, struct ngx_server *server)
{
	const struct conf_ssl *ssl = &server->scope->srv->ssl;
	const struct ngx_node where = {.place = ssl->on};
	bool is_on = ssl->on.file != NULL;
	uint32_t count = ssl->certificate.count;
	if (is_on && count == 0 && !ssl->reject_handshake)
		return ngx_fail(
			b, &where, "no \"ssl_certificate\" is defined for the \"ssl\" directive");
	if (is_on && count != 0 && ssl->certificate_key.count == 0)
		return ngx_fail(b, &where,
			"no \"ssl_certificate_key\" is defined for the \"ssl\" directive");
	if (count > ssl->certificate_key.count)
		return ngx_fail_bare(b,
			"no \"ssl_certificate_key\" is defined for certificate \"%s\"",
			ssl->certificate.items[count - 1].text);
	for (uint32_t i = 0; is_on && i < server->listens.count; i++)
		server->listens.items[i].is_tls = true;
	if (count == 0 && !ssl->reject_handshake)
		return true;
	if (!check_tickets(b, &ssl->session_ticket_key))
		return false;
	server->tls = arena_zero(b->arena, sizeof(*server->tls));
	if (server->tls == NULL)
		return ngx_no_memory(b);
	/* What OpenSSL finds wrong has no place in nginx's words either. */
	*server->tls = (struct conf_tls){.place = {.file = b->conf->file},
		.certificate = "",
		.key = "",
		.ciphers = "",
		.web = ssl};
	if (count != 0 && ssl->certificate.items[0].path != NULL)
		server->tls->certificate = ssl->certificate.items[0].path;
	if (count != 0 && ssl->certificate_key.items[0].path != NULL)
		server->tls->key = ssl->certificate_key.items[0].path;
	return true;
}

/* Whether `server` listens on that address. */
static const struct conf_listen *listens_on(const struct ngx_server *server, const char *text)
{
	for (uint32_t i = 0; i < server->listens.count; i++)
		if (strcmp(server->listens.items[i].text, text) == 0)
			return &server->listens.items[i];
	return NULL;
}

static const struct ngx_server *default_server(const struct ngx_build *b, const char *text)
{
	const struct ngx_server *first = NULL;
	for (const struct ngx_server *server = b->servers; server != NULL; server = server->next) {
		const struct conf_listen *listen = listens_on(server, text);
		if (listen != NULL && listen->is_default)
			return server;
		if (listen != NULL && first == NULL)
			first = server;
	}
	return first;
}

/* The default server of a TLS address has to have a certificate; where it rejects handshakes, the
 * others do. */
static bool check_address(struct ngx_build *b, const char *text)
{
	const struct ngx_server *first = default_server(b, text);
	bool others_too = first->tls != NULL && first->scope->srv->ssl.certificate.count == 0;
	for (const struct ngx_server *server = b->servers; server != NULL; server = server->next) {
		bool is_asked = server == first || (others_too && listens_on(server, text) != NULL);
		if (!is_asked || server->tls != NULL)
			continue;
		const struct ngx_node where = {.place = server->place};
		return ngx_fail(b, &where,
			"no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive");
	}
	return true;
}

static bool finish_http(struct ngx_build *b)
{
	for (struct ngx_server *server = b->servers; server != NULL; server = server->next)
		if (!finish_server(b, server))
			return false;
	for (struct ngx_server *server = b->servers; server != NULL; server = server->next)
		for (uint32_t i = 0; i < server->listens.count; i++)
			if (server->listens.items[i].is_tls &&
				!check_address(b, server->listens.items[i].text))
				return false;
	return ngx_give_pools_tls(b);
}

const struct ngx_area ngx_area_tls = {
	.directives = directives,
	.count = COUNT_OF(directives),
	.finish_loc = finish_loc,
	.finish_http = finish_http,
};
