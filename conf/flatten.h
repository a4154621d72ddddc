/*
 * conf/flatten.h - a libconfig file and all it includes, as one text.
 *
 *   main.conf             flat                  flat line -> place
 *   1  a = 1;             1  a = 1;             main.conf:1
 *   2  @include "b"       2  b = 2;             b:1
 *   3  c = 3;             3                     main.conf:2
 *                         4  c = 3;             main.conf:3
 *
 * It stands before libconfig because libconfig 1.5 ends the whole process when
 * told to include a folder, stores a number beyond 32 bits modulo 2^32 unless an
 * L follows it, and takes a string that nobody closed for nothing. So this pass
 * does the including, adds the L, and refuses what is left open. Comments are
 * taken out on the way; a line stays a line.
 */
#ifndef CONF_FLATTEN_H
#define CONF_FLATTEN_H

#include "conf/conf.h"

struct conf_flat_part {
	unsigned flat_line; /* from this line on */
	struct conf_place place;
};

struct conf_flat {
	char *text; /* owned, terminated, without NUL inside */
	size_t n, room;
	unsigned line;                /* the one being written, from 1 */
	struct conf_flat_part *parts; /* owned, [part_count], rising */
	uint32_t part_count, part_room;
	struct arena *names; /* borrowed: the file names go there and outlive this */
	struct conf_problems *problems;
};

void conf_flat_init(struct conf_flat *flat, struct arena *names, struct conf_problems *problems);
void conf_flat_finish(struct conf_flat *flat);

/* False with a problem added. An @include is relative to the file that says it. */
bool conf_flat_add_file(struct conf_flat *flat, const char *path) MUST_CHECK;
bool conf_flat_add_text(
	struct conf_flat *flat, const char *text, size_t n, const char *name) MUST_CHECK;

struct conf_place conf_flat_place(const struct conf_flat *flat, unsigned flat_line);

#endif
