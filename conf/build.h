/*
 * conf/build.h - from what a file says to the tree, and from the tree to a verdict.
 */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "conf/raw.h"

struct conf_builder;

/*
 * The tree of a libconfig file, in b->arena. What is wrong is reported and left at its default, so
 * that the rest can still be looked at: the tree is only fit for use when no problem was added.
 * NULL: no memory for anything.
 */
struct conf *conf_build(
	struct conf_builder *b, const struct conf_raw *root, const char *file) MUST_CHECK;

/* An address where a relative unix path starts at the prefix. False with a problem added. */
bool conf_build_addr(
	struct conf_builder *b, const char *text, struct conf_place place, struct addr *ret_addr);
/* One pool, and the list under static_nodes in it. `raw` as in the file; `name` is for a pool that
 * is not told its own. */
void conf_build_pool(struct conf_builder *b, const struct conf_raw *raw, const char *name,
	struct conf_pool *ret_pool);

/* Whether their proxy_protocol is the same, word by word. */
bool conf_same_proxies(const struct conf_server *one, const struct conf_server *other);

/* A problem when nobody like us can read that file. */
void conf_check_file(
	struct conf_problems *problems, struct conf_place place, const char *key, const char *path);

/* What no table of keys can see: names that are there twice, addresses that clash. Says all of it;
 * false when memory is out. Works on every tree, whoever built it, also on one that has problems.
 */
bool conf_check(const struct conf *conf, struct conf_problems *problems) MUST_CHECK;

#endif
