/*
 * conf/tls_tree.h - what nginx's ssl_* and proxy_ssl_* directives say.
 *
 *   towards clients    struct conf_ssl           one per server, complete after inheritance
 *   towards workers    struct conf_upstream_tls  one per location, likewise
 *
 * Each field is named after its directive and means what nginx 1.22's documentation says. Every
 * file is kept as it was written, for messages that quote it, and as a path that is absolute
 * against the folder of the main configuration file. Nothing here is read from a file yet: the one
 * exception is that the reader has seen that password files can be opened.
 */
#ifndef CONF_TLS_TREE_H
#define CONF_TLS_TREE_H

#include "base/base.h"
#include "conf/tree.h"
#include "conf/value.h"

/* ssl_protocols. The first two are accepted and never spoken. */
enum {
	CONF_TLS_SSL2 = 1 << 0,
	CONF_TLS_SSL3 = 1 << 1,
	CONF_TLS_1_0 = 1 << 2,
	CONF_TLS_1_1 = 1 << 3,
	CONF_TLS_1_2 = 1 << 4,
	CONF_TLS_1_3 = 1 << 5,
};

/* nginx 1.22: 1.3 has to be asked for. */
#define CONF_TLS_PROTOCOLS_DEFAULT (CONF_TLS_1_0 | CONF_TLS_1_1 | CONF_TLS_1_2)
#define CONF_TLS_CIPHERS_SERVER "HIGH:!aNULL:!MD5"
#define CONF_TLS_CIPHERS_UPSTREAM "DEFAULT"

struct conf_tls_file {
	const char *text; /* as written; NULL: not given */
	/* Absolute. NULL when the text is no path: "data:" with PEM behind it. */
	const char *path;
};

struct conf_tls_files {
	struct conf_tls_file *items;
	uint32_t count, room;
};

/* ssl_conf_command NAME VALUE: `value.path` for the names whose value is a file. */
struct conf_tls_command {
	const char *name;
	struct conf_tls_file value;
};

struct conf_tls_commands {
	struct conf_tls_command *items;
	uint32_t count, room;
};

enum conf_tls_verify {
	CONF_VERIFY_OFF,
	CONF_VERIFY_ON,
	CONF_VERIFY_OPTIONAL,
	CONF_VERIFY_OPTIONAL_NO_CA,
};

enum conf_tls_cache_kind {
	CONF_TLS_CACHE_NONE, /* the default: sessions get an id and are not kept */
	CONF_TLS_CACHE_OFF,
	CONF_TLS_CACHE_ON, /* builtin, shared, or both */
};

#define CONF_TLS_BUILTIN_DEFAULT 20480 /* sessions */

struct conf_tls_cache {
	enum conf_tls_cache_kind kind;
	bool has_builtin;
	uint32_t builtin;      /* sessions; 0: any number */
	const char *shared;    /* the zone's name, NULL without */
	uint64_t shared_bytes; /* nginx takes a zone of less than 8 pages for too small */
};

/* Towards clients. */
struct conf_ssl {
	/* `ssl on`, which 1.25 has no more: every address of the server is TLS. Where it was said;
	 * file NULL: it was not. */
	struct conf_place on;
	struct conf_tls_files certificate, certificate_key; /* belong together by their order */
	struct conf_tls_file password_file;
	uint32_t protocols; /* CONF_TLS_* */
	const char *ciphers;
	const char *ecdh_curve; /* "auto": what OpenSSL has */
	bool prefer_server_ciphers;
	struct conf_tls_file dhparam;
	struct conf_tls_cache session_cache;
	uint64_t session_timeout_s;
	bool session_tickets;
	struct conf_tls_files session_ticket_key; /* the first one seals */
	struct conf_tls_file client_certificate, trusted_certificate, crl;
	uint32_t verify_client; /* enum conf_tls_verify */
	uint32_t verify_depth;
	uint64_t buffer_size;
	struct conf_tls_commands conf_command;
	bool reject_handshake;
};

struct conf_tls_name {
	bool is_given; /* else $proxy_host */
	struct conf_value value;
};

/* Towards workers. */
struct conf_upstream_tls {
	struct conf_tls_file certificate, certificate_key, password_file;
	uint32_t protocols; /* CONF_TLS_* */
	const char *ciphers;
	struct conf_tls_name name;
	bool server_name; /* SNI is sent */
	bool verify;
	uint32_t verify_depth;
	struct conf_tls_file trusted_certificate, crl;
	bool session_reuse;
	struct conf_tls_commands conf_command;
};

/* Towards the workers of a pool, for all that is not asked by a location: what proxies without
 * nginx's language, probes, and what a fleet asks by itself. */
struct conf_pool_tls {
	const char *name; /* whom the certificate has to name, and SNI; "": each node's own host */
	const struct conf_upstream_tls *how;
	/* As a libconfig file says it; `how` is made of it. */
	bool verify;
	const char *trusted_certificate, *certificate, *key, *crl; /* "": none */
	uint16_t min_version;                                      /* as in conf_tls */
};

#endif
