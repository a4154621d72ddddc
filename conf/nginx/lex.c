#include "conf/nginx/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE_MOST 4096
#define WORDS_MOST 1000000

void ngx_lexer_init(
	struct ngx_lexer *lexer, struct arena *arena, const char *text, size_t n, bool is_parameter)
{
	*lexer = (struct ngx_lexer){
		.arena = arena,
		.at = text,
		.end = text + n,
		.line_start = text,
		.piece = text,
		.line = 1,
		.piece_line = 1,
		.is_parameter = is_parameter,
	};
}

void ngx_lexer_finish(struct ngx_lexer *lexer)
{
	free(lexer->words);
	lexer->words = NULL;
}

PRINTF_LIKE(3, 4)
static bool wrong(struct ngx_statement *s, struct ngx_lexer *lexer, const char *format, ...)
{
	char text[128];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	s->kind = NGX_WRONG;
	s->line = lexer->line;
	s->error = arena_copy(lexer->arena, text, strlen(text));
	return false;
}

static bool wrong_memory(struct ngx_statement *s)
{
	s->kind = NGX_WRONG;
	s->error = NULL;
	return false;
}

static bool wrong_length(struct ngx_statement *s, struct ngx_lexer *lexer)
{
	if (lexer->quote != '\0')
		(void)wrong(s, lexer,
			"too long parameter, probably missing terminating \"%c\" character",
			lexer->quote);
	else
		(void)wrong(s, lexer, "too long parameter \"%.10s...\" started", lexer->piece);
	s->line = lexer->piece_line;
	return false;
}

static bool wrong_end(struct ngx_statement *s, struct ngx_lexer *lexer)
{
	if (lexer->is_parameter)
		return wrong(s, lexer, "unexpected end of parameter, expecting \";\"");
	return wrong(s, lexer, "unexpected end of file, expecting \";\" or \"}\"");
}

/* The next octet is part of the piece that is being read, or ends it. False: there is none, and
 * that is not the piece's fault (*s is not touched), or the piece is too long. */
static bool fetch(struct ngx_lexer *lexer, struct ngx_statement *s, char *ret_c)
{
	if (lexer->at == lexer->end)
		return false;
	if (!lexer->is_parameter && lexer->at - lexer->piece == PIECE_MOST)
		return wrong_length(s, lexer);
	char c = *lexer->at++;
	if (c == '\n') {
		lexer->line++;
		lexer->line_start = lexer->at;
	}
	*ret_c = c;
	return true;
}

static void begin_piece(struct ngx_lexer *lexer, const char *at)
{
	lexer->piece = at;
	lexer->piece_line = lexer->line;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* In place of the two octets that *p begins with, or of one: moves *p on. */
static char unescape(const char **p, const char *end)
{
	char c = *(*p)++;
	if (c != '\\' || *p == end)
		return c;
	switch (**p) {
	case '"':
	case '\'':
	case '\\':
		return *(*p)++;
	case 't':
		(*p)++;
		return '\t';
	case 'r':
		(*p)++;
		return '\r';
	case 'n':
		(*p)++;
		return '\n';
	default:
		return c;
	}
}

static bool add_word(struct ngx_lexer *lexer, struct ngx_statement *s, const char *from, size_t n)
{
	/* nginx takes it for part of the word, and prints what stands before it. */
	if (memchr(from, '\0', n) != NULL)
		return lexer->count == 0 ? wrong(s, lexer, "unknown directive \"%.100s\"", from)
					 : wrong(s, lexer, "unexpected NUL octet");
	if (lexer->count == lexer->room) {
		uint32_t room = lexer->room * 2 + 16;
		const char **words = realloc(lexer->words, room * sizeof(*words));
		if (words == NULL || room > WORDS_MOST) {
			lexer->words = words != NULL ? words : lexer->words;
			return wrong_memory(s);
		}
		lexer->words = words;
		lexer->room = room;
	}
	char *word = arena_take(lexer->arena, n + 1);
	if (word == NULL)
		return wrong_memory(s);
	size_t used = 0;
	for (const char *p = from; p < from + n;)
		word[used++] = unescape(&p, from + n);
	word[used] = '\0';
	lexer->words[lexer->count++] = word;
	return true;
}

/* Behind the opening quote. */
static bool read_quoted(struct ngx_lexer *lexer, struct ngx_statement *s, char quote)
{
	char c;
	begin_piece(lexer, lexer->at);
	lexer->quote = quote;
	while (fetch(lexer, s, &c)) {
		if (c == quote) {
			lexer->quote = '\0';
			return add_word(
				lexer, s, lexer->piece, (size_t)(lexer->at - 1 - lexer->piece));
		}
		if (c == '\\' && !fetch(lexer, s, &c))
			break;
	}
	return s->error == NULL ? wrong_end(s, lexer) : false;
}

/* Behind its first octet, which is `c`. *ret_end: what ended it. */
static bool read_bare(struct ngx_lexer *lexer, struct ngx_statement *s, char c, char *ret_end)
{
	bool is_variable = false;          /* the { of ${name} is part of the word */
	begin_piece(lexer, lexer->at - 1); /* a ) has not begun one yet */
	do {
		if (is_variable && c == '{')
			continue;
		is_variable = c == '$';
		if (c == '\\') {
			if (!fetch(lexer, s, &c))
				break;
		} else if (is_space(c) || c == ';' || c == '{') {
			*ret_end = c;
			return add_word(
				lexer, s, lexer->piece, (size_t)(lexer->at - 1 - lexer->piece));
		}
	} while (fetch(lexer, s, &c));
	return s->error == NULL ? wrong_end(s, lexer) : false;
}

/* Behind a quoted word. *ret_end: ' ', ';', '{', or ')', with which the next word begins. */
static bool read_behind(struct ngx_lexer *lexer, struct ngx_statement *s, char *ret_end)
{
	char c;
	if (!fetch(lexer, s, &c))
		return s->error == NULL ? wrong_end(s, lexer) : false;
	if (!is_space(c) && c != ';' && c != '{' && c != ')')
		return wrong(s, lexer, "unexpected \"%c\"", c);
	*ret_end = c;
	return true;
}

/* The rest of a comment, its line's end included. False: the text ends in it, or it is too long. */
static bool skip_comment(struct ngx_lexer *lexer, struct ngx_statement *s)
{
	char c;
	while (fetch(lexer, s, &c)) {
		if (c == '\n')
			return true;
	}
	return false;
}

/* *ret_c: the first octet of a word, or ; { }. False: *s says what there is instead. */
static bool skip_blanks(struct ngx_lexer *lexer, struct ngx_statement *s, char *ret_c)
{
	while (fetch(lexer, s, ret_c)) {
		begin_piece(lexer, lexer->at - 1);
		if (is_space(*ret_c))
			continue;
		if (*ret_c != '#')
			return true;
		if (!skip_comment(lexer, s))
			break;
	}
	if (s->kind == NGX_WRONG)
		return false;
	if (lexer->count != 0)
		return wrong_end(s, lexer);
	s->kind = NGX_END;
	s->line = lexer->line;
	return false;
}

/* One word that begins with `c`, and what ended it. */
static bool read_word(struct ngx_lexer *lexer, struct ngx_statement *s, char c, char *ret_end)
{
	if (lexer->count == 0)
		s->column = (uint32_t)(lexer->at - lexer->line_start);
	if (c == '"' || c == '\'')
		return read_quoted(lexer, s, c) && read_behind(lexer, s, ret_end);
	return read_bare(lexer, s, c, ret_end);
}

static bool end_statement(struct ngx_lexer *lexer, struct ngx_statement *s, char end)
{
	if (end == '}' ? lexer->count != 0 : lexer->count == 0)
		return wrong(s, lexer, "unexpected \"%c\"", end);
	s->kind = end == '}' ? NGX_CLOSE : end == '{' ? NGX_OPEN : NGX_SIMPLE;
	s->line = lexer->line;
	s->count = lexer->count;
	if (s->count == 0)
		return true;
	s->words = arena_take(lexer->arena, s->count * sizeof(*s->words));
	if (s->words == NULL)
		return wrong_memory(s);
	memcpy(s->words, lexer->words, s->count * sizeof(*s->words));
	return true;
}

struct ngx_statement ngx_lexer_next(struct ngx_lexer *lexer)
{
	struct ngx_statement s = {.kind = NGX_SIMPLE};
	char c = ' ';
	lexer->count = 0;
	begin_piece(lexer, lexer->at);
	for (;;) {
		/* A ) behind a quoted word begins the next one. */
		if (c != ')' && !skip_blanks(lexer, &s, &c))
			return s;
		if (c != ';' && c != '{' && c != '}' && !read_word(lexer, &s, c, &c))
			return s;
		if (c == ';' || c == '{' || c == '}') {
			(void)end_statement(lexer, &s, c);
			return s;
		}
	}
}
