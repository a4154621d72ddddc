/*
 * conf/nginx/own.h - comfymux { }: what nginx has not, at every level.
 *
 *   comfymux { }  main, http          of every upstream
 *                 server, location    of those that are proxied to from here
 *                 upstream NAME { }   in one of main or http: of that one
 *                 upstream            of this one
 *
 * What stands further down wins, word by word. Blocks are kept as they were read, and carried out
 * when all upstreams are known.
 */
#ifndef CONF_NGINX_OWN_H
#define CONF_NGINX_OWN_H

#include "conf/keys.h"
#include "conf/nginx/upstream.h"

#define NGX_OWN_INTERVAL_MS 5000 /* health_check without interval= */

/* One word of a block, judged and put into `one`. False: told. */
bool ngx_own_word(
	struct ngx_build *b, const struct ngx_node *word, struct ngx_upstream *one) MUST_CHECK;
/* The words of a block in their order, each at most once. */
bool ngx_own_words(
	struct ngx_build *b, const struct ngx_node *block, struct ngx_upstream *one) MUST_CHECK;
/* An upstream that is nobody's, to judge words on. NULL: no memory (told). */
struct ngx_upstream *ngx_own_scratch(struct ngx_build *b) MUST_CHECK;
/* set_own.c: all that was said of the upstream of that index, and what follows from it. */
bool ngx_own_finish(struct ngx_build *b, struct ngx_upstream *one, uint32_t index) MUST_CHECK;
/* set_own.c: when all are finished; was there one for each `upstream NAME { }`? */
bool ngx_own_check(struct ngx_build *b) MUST_CHECK;
/* set_own.c: blocks in main, http, server, location. */
extern ngx_setter ngx_set_own;

/*
 * own_keys.c: a word that is a key of the group in a libconfig file, too; its value goes into
 * `fields`. Times and sizes are written as nginx writes them, groups are blocks, lists are several
 * arguments. *ret_is_known false: the group has none of that name. False: told.
 */
bool ngx_own_key(struct ngx_build *b, const struct ngx_node *word, const struct conf_group *group,
	void *ret_fields, bool *ret_is_known) MUST_CHECK;

#endif
