/*
 * base/regex.h - regular expressions as administrators write them (PCRE2).
 *
 * Patterns come from the configuration, subjects from clients. A pattern that backtracks without
 * end is therefore stopped: a match costs at most REGEX_STEPS steps and REGEX_KIB of memory, and
 * then counts as failed and not as "no". Octets are compared, unless a pattern begins with (*UTF).
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include "base/base.h"
#include "base/err.h"

#define REGEX_GROUPS 20 /* that are told, the whole match included */
#define REGEX_STEPS 1000000
#define REGEX_KIB 8192
#define REGEX_UNSET UINT32_MAX

struct regex;

/* Offsets into the subject: [0] is the whole match, then the groups. A group that took no part
 * has REGEX_UNSET at both ends. */
struct regex_captures {
	uint32_t count; /* of `at` that are filled: the groups of the pattern and one more */
	struct {
		uint32_t start, end;
	} at[REGEX_GROUPS];
};

/* Owned by the caller; NULL with nginx's words in *err when the pattern is wrong, or memory is
 * out. Groups after the first REGEX_GROUPS - 1 are matched but not told; one of them that has a
 * name is an error. */
struct regex *regex_create(const char *pattern, bool is_caseless, struct err *err) MUST_CHECK;
void regex_destroy(struct regex *re);

/* 1: it matches, and *ret (may be NULL) says where; 0: it does not; -EOVERFLOW: it costs too much;
 * -EINVAL: a (*UTF) pattern and a subject that is not UTF-8; -ENOMEM. A subject has at most
 * UINT32_MAX - 1 octets. */
int regex_match(
	const struct regex *re, struct slice subject, struct regex_captures *ret) MUST_CHECK;

/* Borrowed from `re`. */
const char *regex_pattern(const struct regex *re);
/* Without the whole match; may be more than are told. */
uint32_t regex_group_count(const struct regex *re);
uint32_t regex_name_count(const struct regex *re);
/* The `i`th name in alphabetic order, borrowed from `re`, and the number of its group. */
struct slice regex_name(const struct regex *re, uint32_t i, uint32_t *ret_group);

/* What a capture took from `subject`; {NULL, 0} when there is no such group or it took no part. */
static inline struct slice regex_capture(
	const struct regex_captures *captures, uint32_t group, struct slice subject)
{
	if (group >= captures->count || captures->at[group].start == REGEX_UNSET)
		return (struct slice){NULL, 0};
	uint32_t start = captures->at[group].start;
	return (struct slice){subject.p + start, captures->at[group].end - start};
}

#endif
