/*
 * conf/nginx/lex.h - text -> statements: words, and what ends them.
 *
 *   listen 80 "default server";   words: listen, 80, default server    NGX_SIMPLE
 *   server {                      words: server                        NGX_OPEN
 *   }                                                                  NGX_CLOSE
 *
 * Escapes, quotes, ${names}, comments and the words of the errors are those of nginx
 * 1.22 (compared with it by test/integration/test_nginx_syntax.py). A word of a file may
 * have 4096 octets at most, because nginx reads files in such pieces.
 */
#ifndef CONF_NGINX_LEX_H
#define CONF_NGINX_LEX_H

#include "base/arena.h"

enum ngx_statement_kind {
	NGX_SIMPLE, /* words; */
	NGX_OPEN,   /* words { */
	NGX_CLOSE,  /* } */
	NGX_END,    /* of the text */
	NGX_WRONG,  /* error and line are set */
};

struct ngx_statement {
	enum ngx_statement_kind kind;
	const char **words; /* [count], in the arena; NGX_SIMPLE and NGX_OPEN only */
	uint32_t count;     /* then at least 1 */
	unsigned line;      /* where the end of it was read; of an error: its place */
	uint32_t column;    /* of the first word, from 1 */
	const char *error;  /* in the arena; NGX_WRONG with NULL: no memory */
};

struct ngx_lexer {
	struct arena *arena; /* borrowed */
	const char *at, *end;
	const char *line_start;
	const char *piece; /* the word or comment being read; a quoted word without its quote */
	unsigned line, piece_line;
	char quote;         /* that is open, or '\0' */
	bool is_parameter;  /* of the command line: other words for its end, no longest word */
	const char **words; /* owned, [room]: those of the statement being read */
	uint32_t count, room;
};

/* `text` must live until ngx_lexer_finish; what it says is copied. */
void ngx_lexer_init(struct ngx_lexer *lexer, struct arena *arena, const char *text, size_t n,
	bool is_parameter);
void ngx_lexer_finish(struct ngx_lexer *lexer);

/* Not after NGX_END or NGX_WRONG. */
struct ngx_statement ngx_lexer_next(struct ngx_lexer *lexer);

#endif
