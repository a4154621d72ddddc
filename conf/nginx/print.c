#include "conf/nginx/print.h"

/* Nothing in it means anything to the lexer, wherever it stands. */
static bool is_plain(const char *word)
{
	if (word[0] == '\0' || strchr("#\"'}", word[0]) != NULL)
		return false;
	for (const char *p = word; *p != '\0'; p++) {
		if (strchr(" \t\r\n;\\", *p) != NULL)
			return false;
		if (*p == '{' && (p == word || p[-1] != '$'))
			return false;
	}
	return true;
}

/* Whether a \ in front of it, or of what stands for it below, makes it something else. */
static bool is_escaped(char c)
{
	return c == '\0' || strchr("\"'\\trn\t\r\n", c) != NULL;
}

void ngx_print_word(struct text *text, const char *word)
{
	if (is_plain(word)) {
		text_puts(text, word);
		return;
	}
	text_put(text, "\"", 1);
	for (const char *p = word; *p != '\0'; p++) {
		switch (*p) {
		case '"':
			text_puts(text, "\\\"");
			break;
		case '\\':
			/* \. of a regex stays readable. */
			text_puts(text, is_escaped(p[1]) ? "\\\\" : "\\");
			break;
		case '\n':
			text_puts(text, "\\n");
			break;
		case '\r':
			text_puts(text, "\\r");
			break;
		case '\t':
			text_puts(text, "\\t");
			break;
		default:
			text_put(text, p, 1);
		}
	}
	text_put(text, "\"", 1);
}

static void indent(struct text *text, unsigned depth)
{
	while (depth-- != 0)
		text_put(text, "\t", 1);
}

void ngx_print(struct text *text, const struct ngx_node *nodes, uint32_t count, unsigned depth)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct ngx_node *node = &nodes[i];
		if (node->error != NULL)
			continue;
		indent(text, depth);
		ngx_print_word(text, node->name);
		for (uint32_t k = 0; k < node->arg_count; k++) {
			text_put(text, " ", 1);
			ngx_print_word(text, node->args[k]);
		}
		text_puts(text, node->is_block ? " {\n" : ";\n");
		if (!node->is_block)
			continue;
		ngx_print(text, node->children, node->child_count, depth + 1);
		indent(text, depth);
		text_puts(text, "}\n");
	}
}
