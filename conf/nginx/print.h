/*
 * conf/nginx/print.h - a tree of directives as text, such that reading it gives the tree again.
 */
#ifndef CONF_NGINX_PRINT_H
#define CONF_NGINX_PRINT_H

#include "base/text.h"
#include "conf/nginx/ast.h"

/* One word, in quotes where it needs them. */
void ngx_print_word(struct text *text, const char *word);
/* Each node on lines of its own, a tab for each level from `depth` on. Error nodes are left out. */
void ngx_print(struct text *text, const struct ngx_node *nodes, uint32_t count, unsigned depth);

#endif
