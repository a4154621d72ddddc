/*
 * conf/nginx/table.h - one table of directives, and how a tree of them becomes struct conf.
 *
 *   ast --ngx_block--> for each directive: may it stand here? so many arguments? --> its setter
 *                                                                                    |
 *   http { server { location { if   ----> a scope each: struct conf_loc, conf_srv <--'
 *
 *   at the end of http { }: what a scope did not say is copied from the one around it, then the
 *   finish functions judge each whole, and the tree is made (conf/nginx/http.c).
 *
 * Each area of directives is a file set_AREA.c with an array of struct ngx_directive;
 * conf/nginx/table.c lists the arrays. The first thing that is wrong ends it, in nginx's words.
 */
#ifndef CONF_NGINX_TABLE_H
#define CONF_NGINX_TABLE_H

#include "conf/conf.h"
#include "conf/nginx/ast.h"
#include "conf/web.h"

/* Where a directive may stand. */
enum {
	NGX_MAIN = 1 << 0,
	NGX_EVENTS = 1 << 1,
	NGX_HTTP = 1 << 2,
	NGX_SERVER = 1 << 3,
	NGX_LOCATION = 1 << 4,
	NGX_SERVER_IF = 1 << 5,
	NGX_LOCATION_IF = 1 << 6,
	NGX_LIMIT_EXCEPT = 1 << 7,
	NGX_UPSTREAM = 1 << 8,
	/* Words that come together often. */
	NGX_HTTP_LEVELS = NGX_HTTP | NGX_SERVER | NGX_LOCATION,
	NGX_HTTP_LEVELS_IF = NGX_HTTP_LEVELS | NGX_LOCATION_IF,
};

/* How many arguments: BIT(n) for n up to 7, or one of these. */
enum {
	NGX_FLAG = 1 << 8, /* one: on or off */
	NGX_1MORE = 1 << 9,
	NGX_2MORE = 1 << 10,
	NGX_ANY = 1 << 11,
	NGX_BLOCK = 1 << 12, /* and a block in braces */
};

/* The struct whose field `at` is set. */
enum ngx_into { NGX_INTO_NONE, NGX_INTO_LOC, NGX_INTO_SRV };

enum ngx_class {
	NGX_DONE,
	NGX_WARNED, /* read and judged, and then told what it means here: `note` */
};

struct ngx_build;
struct ngx_directive;
struct ngx_scope;

/* False: ngx_fail was called. */
typedef bool ngx_setter(
	struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d);

struct ngx_directive {
	const char *name; /* "": no directive, but a field that is inherited like those of others */
	uint32_t where, args;
	ngx_setter *set;
	enum ngx_into into;
	bool is_own;       /* not inherited */
	uint16_t at, size; /* of the field; size 0: none */
	const void *extra; /* what the setter wants to know */
	const char *note;  /* class NGX_WARNED: what it means here */
};

#define NGX_LOC(field)                                                                             \
	.into = NGX_INTO_LOC, .at = offsetof(struct conf_loc, field),                              \
	.size = sizeof(((struct conf_loc *)0)->field)
#define NGX_SRV(field)                                                                             \
	.into = NGX_INTO_SRV, .at = offsetof(struct conf_srv, field),                              \
	.size = sizeof(((struct conf_srv *)0)->field)

struct ngx_area {
	const struct ngx_directive *directives;
	uint32_t count;
	/* Optional. After the merge, for each scope with a conf_loc, outermost first. */
	bool (*finish_loc)(struct ngx_build *b, struct ngx_scope *scope);
	/* Optional. When all of http { } is merged and finished. */
	bool (*finish_http)(struct ngx_build *b);
	/* Optional. When the whole file is read. */
	bool (*finish_main)(struct ngx_build *b);
};

/* The areas, and how many there are. */
extern const struct ngx_area *const ngx_areas[];
extern const uint32_t ngx_area_count;

/* One block that is read: main, http, a server, a location, an if ... */
struct ngx_scope {
	uint32_t where;                                /* NGX_* */
	const struct ngx_node *node;                   /* NULL for main */
	struct ngx_scope *outer, *first, *last, *next; /* next: the outer one's next inner one */
	struct conf_loc *loc;                          /* from http inwards */
	struct conf_srv *srv;                          /* http and server */
	struct conf_location *location;  /* location, if, limit_except; of a server: its root */
	uint8_t *loc_set, *srv_set;      /* bitmaps by offset: given here */
	struct ngx_inner *location_list; /* of a server: the locations right in it */
	void *own; /* the block's setter's: struct ngx_server, a pool that is filled ... */
};

struct ngx_build {
	struct arena *arena; /* the tree's */
	struct conf *conf;   /* what is built */
	struct conf_web *web;
	struct conf_vars *vars;
	struct conf_problems *problems; /* borrowed */
	struct ngx_scope *scope;        /* the innermost */
	struct ngx_scope *http;         /* NULL before http { } */
	const struct conf_rules *rules; /* borrowed */
	const char *prefix;             /* -p: most relative paths start here */
	const char *conf_prefix; /* the main file's folder: certificates, passwords start here */
	bool has_failed, has_events;
	struct ngx_server *servers; /* conf/nginx/http.h; in order */
	/* Each area's own memory while it reads; its file says what. In the arena. */
	void *upstreams, *listens, *zones, *tls_zones, *formats, *main_own, *owns;
};

/* -- for setters -- */

/* "[emerg] TEXT in FILE:LINE". Always false. */
bool ngx_fail(struct ngx_build *b, const struct ngx_node *node, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* The same without a place. */
bool ngx_fail_bare(struct ngx_build *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* "[emerg] "NAME" directive WHAT in FILE:LINE": nginx's form for what a simple setter finds. */
bool ngx_wrong(struct ngx_build *b, const struct ngx_node *node, const char *what);
/* malloc gave nothing. Always false. */
bool ngx_no_memory(struct ngx_build *b);
/* Goes to standard error (or the log, at a reload) as "nginx: [warn] ..." / "[notice]"; not an
 * error. */
void ngx_warn(struct ngx_build *b, const struct ngx_node *node, const char *format, ...)
	PRINTF_LIKE(3, 4);
void ngx_notice(struct ngx_build *b, const struct ngx_node *node, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The field that `d` names, in the innermost scope. */
void *ngx_field(struct ngx_build *b, const struct ngx_directive *d);
/* Whether it, or the byte at that offset of the scope's conf_loc, was given at this level. */
bool ngx_is_set(const struct ngx_build *b, const struct ngx_directive *d);
bool ngx_loc_is_set(const struct ngx_scope *scope, size_t at);
/* By hand, for fields that the directive's own row does not name. */
void ngx_mark_loc(struct ngx_scope *scope, size_t at, size_t size);
bool ngx_srv_is_set(const struct ngx_scope *scope, size_t at);
void ngx_mark_srv(struct ngx_scope *scope, size_t at, size_t size);
/* The end of http { }: every scope takes over what it did not say, and each is finished. */
bool ngx_merge(struct ngx_build *b);
/* "is duplicate" if it was. */
bool ngx_once(struct ngx_build *b, const struct ngx_node *node, const struct ngx_directive *d);

/* One more item, zeroed; NULL: no memory (told). `array` is a CONF_ARRAY. */
#define ngx_push(b, array)                                                                         \
	((__typeof__((array)->items))ngx_push_item((b), (void **)&(array)->items, &(array)->count, \
		&(array)->room, sizeof(__typeof__(*(array)->items))))
void *ngx_push_item(
	struct ngx_build *b, void **items, uint32_t *count, uint32_t *room, size_t size);

/* Numbers as nginx reads them: false when it is none. Sizes: k, m (and g for offsets); times: ms s
 * m h d w M y, several together. A time without unit is seconds. */
bool ngx_parse_number(const char *text, uint64_t most, uint64_t *ret);
bool ngx_parse_size(const char *text, uint64_t *ret);
bool ngx_parse_offset(const char *text, uint64_t *ret);
bool ngx_parse_ms(const char *text, uint64_t *ret_ms);
bool ngx_parse_seconds(const char *text, uint64_t *ret_s);
/* A value with variables; false with the error told. `ret` may be used by others in the tree. */
bool ngx_compile(
	struct ngx_build *b, const struct ngx_node *node, const char *text, struct conf_value *ret);
/* Lives as long as the tree. NULL with the error told. Named groups become user variables. */
const struct regex *ngx_regex(
	struct ngx_build *b, const struct ngx_node *node, const char *pattern, bool is_caseless);
/* A path behind the prefix (nginx: -p), or behind the main file's folder. NULL: no memory (told).
 */
const char *ngx_path(struct ngx_build *b, const char *path);
const char *ngx_conf_path(struct ngx_build *b, const char *path);

/* Setters for plain fields; each says "is duplicate" a second time. */
ngx_setter ngx_set_flag;   /* bool */
ngx_setter ngx_set_number; /* uint32_t */
ngx_setter ngx_set_size;   /* uint64_t */
ngx_setter ngx_set_offset; /* uint64_t, with g */
ngx_setter ngx_set_ms;     /* uint64_t */
ngx_setter
	ngx_set_enum; /* uint32_t or an enum of 4 octets; extra: struct ngx_word[] ended by NULL */
ngx_setter ngx_set_bits;  /* uint32_t; several words; likewise */
ngx_setter ngx_set_value; /* struct conf_value */
ngx_setter ngx_set_text;  /* const char * */
ngx_setter ngx_set_slice; /* struct slice */
ngx_setter ngx_set_path;  /* const char *, behind the prefix */
/* NGX_WARNED: any arguments that the row's counts allow. */
ngx_setter ngx_accept;

struct ngx_word {
	const char *word;
	uint32_t value;
};

/* -- for blocks -- */

/* A new innermost scope; loc/srv are made where `where` has them. NULL: no memory (told). */
struct ngx_scope *ngx_enter(struct ngx_build *b, uint32_t where, const struct ngx_node *node);
void ngx_leave(struct ngx_build *b);
/* The directives of a block, each looked up for the innermost scope's `where`. */
bool ngx_block(struct ngx_build *b, const struct ngx_node *node);

/* -- the whole -- */

/* Reads the directives of a file's tree into b->conf. False: the first problem was added. */
bool ngx_build_conf(struct ngx_build *b, const struct ngx_tree *tree);

/* -- between areas -- */

/*
 * set_upstream.c: the pool of `upstream NAME {}`, wherever it stands in the file, or else one of
 * the addresses of host:port ("host not found in upstream" at the end of http). Its index in
 * conf.pools.
 */
bool ngx_upstream_for(struct ngx_build *b, const struct ngx_node *node, struct slice host,
	uint16_t default_port, uint32_t *ret_pool);

#endif
