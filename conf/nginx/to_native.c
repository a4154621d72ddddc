#include "conf/nginx/native.h"

/* What is done, or asked, in the order of the file; log_format has to stand before its use. */
static const char *const ordered_names[] = {
	"access_log", "allow", "break", "deny", "if", "log_format", "return", "rewrite", "set"};
/* Blocks whose lines are no directives. */
static const char *const pair_blocks[] = {"geo", "map", "split_clients", "types"};

struct printing {
	struct text *text;
	const struct conf_note *notes;
};

static bool is_among(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static bool has_order(const struct ngx_node *node)
{
	return node->error == NULL && is_among(ordered_names, COUNT_OF(ordered_names), node->name);
}

/* Libconfig's names have letters, digits, - and _, and begin with a letter. */
static bool is_key(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strlen(name);
	return n != 0 && strchr(letters, name[0]) != NULL && strcmp(name, "args") != 0 &&
	       strcmp(name, "pairs") != 0 && strcmp(name, "ordered") != 0 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		       n;
}

static void indent(struct printing *p, unsigned depth)
{
	while (depth-- != 0)
		text_put(p->text, "\t", 1);
}

static void put_string(struct printing *p, const char *value)
{
	static const char hex[] = "0123456789abcdef";
	text_put(p->text, "\"", 1);
	for (const char *c = value; *c != '\0'; c++) {
		unsigned char octet = (unsigned char)*c;
		if (octet == '"' || octet == '\\') {
			text_put(p->text, "\\", 1);
			text_put(p->text, c, 1);
		} else if (octet < ' ' || octet == 0x7f) {
			const char escaped[] = {'\\', 'x', hex[octet >> 4], hex[octet & 15]};
			text_put(p->text, escaped, sizeof(escaped));
		} else {
			text_put(p->text, c, 1);
		}
	}
	text_put(p->text, "\"", 1);
}

static void put_strings(
	struct printing *p, const char *first, const char *const *args, uint32_t count)
{
	const char *comma = "";
	text_puts(p->text, "[ ");
	if (first != NULL) {
		put_string(p, first);
		comma = ", ";
	}
	for (uint32_t i = 0; i < count; i++) {
		text_puts(p->text, comma);
		put_string(p, args[i]);
		comma = ", ";
	}
	text_puts(p->text, " ]");
}

static void put_block(struct printing *p, const struct ngx_node *block, unsigned depth);

/* `is_one`: the only one of its name, which needs no list around it. */
static void put_value(struct printing *p, const struct ngx_node *node, bool is_one, unsigned depth)
{
	if (node->is_block)
		put_block(p, node, depth);
	else if (is_one && node->arg_count == 1)
		put_string(p, node->args[0]);
	else
		put_strings(p, NULL, node->args, node->arg_count);
}

static bool is_same_place(const struct conf_place *a, const struct conf_place *b)
{
	return a->line == b->line && a->file != NULL && b->file != NULL &&
	       strcmp(a->file, b->file) == 0;
}

static void put_notes(struct printing *p, const struct ngx_node *node, unsigned depth)
{
	for (const struct conf_note *note = p->notes; note != NULL; note = note->next) {
		if (!is_same_place(&note->place, &node->place) ||
			strstr(note->text, node->name) == NULL)
			continue;
		indent(p, depth);
		text_puts(p->text, "# ");
		text_puts(p->text, note->text);
		text_put(p->text, "\n", 1);
	}
}

static bool is_first_of_name(const struct ngx_node *nodes, uint32_t i, bool is_ordered)
{
	for (uint32_t k = 0; k < i; k++) {
		if (strcmp(nodes[k].name, nodes[i].name) == 0 &&
			!(is_ordered && has_order(&nodes[k])))
			return false;
	}
	return true;
}

static uint32_t count_of_name(const struct ngx_node *nodes, uint32_t count, uint32_t from)
{
	uint32_t found = 0;
	for (uint32_t k = from; k < count; k++)
		found += nodes[k].error == NULL && strcmp(nodes[k].name, nodes[from].name) == 0;
	return found;
}

/* Whether one of them comes again behind another of them. */
static bool needs_order(const struct ngx_node *nodes, uint32_t count)
{
	const char *last = "";
	for (uint32_t i = 0; i < count; i++) {
		if (!has_order(&nodes[i]))
			continue;
		if (strcmp(nodes[i].name, last) != 0 && !is_first_of_name(nodes, i, false))
			return true;
		last = nodes[i].name;
	}
	return false;
}

static void put_ordered(
	struct printing *p, const struct ngx_node *nodes, uint32_t count, unsigned depth)
{
	const char *comma = "";
	indent(p, depth);
	text_puts(p->text, "ordered = (\n");
	for (uint32_t i = 0; i < count; i++) {
		if (!has_order(&nodes[i]))
			continue;
		text_puts(p->text, comma);
		put_notes(p, &nodes[i], depth + 1);
		indent(p, depth + 1);
		text_puts(p->text, "{ ");
		text_puts(p->text, nodes[i].name);
		text_puts(p->text, " = ");
		put_value(p, &nodes[i], true, depth + 1);
		text_puts(p->text, "; }");
		comma = ",\n";
	}
	text_puts(p->text, "\n");
	indent(p, depth);
	text_puts(p->text, ");\n");
}

/* All of the name of nodes[at]. */
static void put_name(struct printing *p, const struct ngx_node *nodes, uint32_t count, uint32_t at,
	unsigned depth)
{
	uint32_t total = count_of_name(nodes, count, at), told = 0;
	put_notes(p, &nodes[at], depth);
	indent(p, depth);
	text_puts(p->text, nodes[at].name);
	text_puts(p->text, total == 1 ? " = " : " = (\n");
	for (uint32_t k = at; k < count; k++) {
		if (nodes[k].error != NULL || strcmp(nodes[k].name, nodes[at].name) != 0)
			continue;
		if (total != 1)
			indent(p, depth + 1);
		put_value(p, &nodes[k], total == 1, depth + (total != 1));
		if (++told != total)
			text_puts(p->text, ",\n");
	}
	if (total != 1) {
		text_put(p->text, "\n", 1);
		indent(p, depth);
		text_put(p->text, ")", 1);
	}
	text_puts(p->text, ";\n");
}

static void put_nodes(
	struct printing *p, const struct ngx_node *nodes, uint32_t count, unsigned depth)
{
	bool is_ordered = needs_order(nodes, count), is_told = false;
	for (uint32_t i = 0; i < count; i++) {
		bool is_one = is_ordered && has_order(&nodes[i]);
		if (nodes[i].error != NULL || (is_one && is_told))
			continue;
		/* All of them where the first is: a log_format has to stand before the servers. */
		if (is_one) {
			put_ordered(p, nodes, count, depth);
			is_told = true;
			continue;
		}
		if (!is_key(nodes[i].name) || !is_first_of_name(nodes, i, is_ordered))
			continue;
		put_name(p, nodes, count, i, depth);
	}
}

static void put_pairs(struct printing *p, const struct ngx_node *block, unsigned depth)
{
	const char *comma = "";
	indent(p, depth);
	text_puts(p->text, "pairs = (\n");
	for (uint32_t i = 0; i < block->child_count; i++) {
		const struct ngx_node *node = &block->children[i];
		if (node->error != NULL)
			continue;
		text_puts(p->text, comma);
		indent(p, depth + 1);
		put_strings(p, node->name, node->args, node->arg_count);
		comma = ",\n";
	}
	text_puts(p->text, "\n");
	indent(p, depth);
	text_puts(p->text, ");\n");
}

static void put_block(struct printing *p, const struct ngx_node *block, unsigned depth)
{
	text_puts(p->text, "{\n");
	if (block->arg_count != 0) {
		indent(p, depth + 1);
		text_puts(p->text, "args = ");
		put_strings(p, NULL, block->args, block->arg_count);
		text_puts(p->text, ";\n");
	}
	if (is_among(pair_blocks, COUNT_OF(pair_blocks), block->name))
		put_pairs(p, block, depth + 1);
	else
		put_nodes(p, block->children, block->child_count, depth + 1);
	indent(p, depth);
	text_put(p->text, "}", 1);
}

void ngx_to_native(struct text *text, const struct ngx_tree *tree, const struct conf_note *notes)
{
	struct printing p = {.text = text, .notes = notes};
	put_nodes(&p, tree->nodes, tree->count, 0);
}
