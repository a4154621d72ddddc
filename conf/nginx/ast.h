/*
 * conf/nginx/ast.h - what an nginx.conf says, before anybody asks whether it makes sense.
 *
 *   http {                     block "http"
 *       include mime.types;      (gone: what mime.types says stands here)
 *       server { ... }           block "server"
 *   }
 *
 * A syntax error is a node, too: the last one, at its place in the file. nginx stops at
 * the first error in the order of the file, whatever its kind, so who walks the tree
 * from top to bottom and stops at the first error says what nginx says. Behind an error
 * node there is nothing, in the blocks around it neither.
 */
#ifndef CONF_NGINX_AST_H
#define CONF_NGINX_AST_H

#include "conf/tree.h"

/* As place.file: what -g says. */
extern const char ngx_command_line[];

struct ngx_node {
	const char *name; /* unescaped, as the arguments are; "" in an error node */
	uint32_t name_bytes;
	uint32_t arg_count;      /* the name not counted */
	const char *const *args; /* [arg_count], terminated, without NUL inside */
	struct conf_place place; /* where its ; or { was read; file NULL: nowhere */
	uint32_t column;         /* of the name, from 1, in octets */
	unsigned end_line;       /* of the } of a block, otherwise as in `place` */
	bool is_block;
	uint32_t child_count;
	const struct ngx_node *children; /* [child_count] */
	const char *error;               /* NULL, or what is wrong, without the place */
	enum log_level error_level;      /* emerg, with few exceptions */
};

/* One file's exact octets, once, in the order of the first reading. */
struct ngx_file {
	struct ngx_file *next;
	const char *name; /* absolute when the main file's name was */
	const char *text; /* terminated, may have NUL inside */
	size_t n;
};

struct ngx_tree {
	/* The main level: what -g says first, then the file. */
	const struct ngx_node *nodes; /* [count] */
	uint32_t count;
	const struct ngx_file *files;
	bool has_error; /* somewhere in it the reading ended at an error */
};

#endif
