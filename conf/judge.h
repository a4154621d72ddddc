/*
 * conf/judge.h - is this text fit for its purpose.
 *
 * Each gives NULL when it is, or what is wrong: static text that follows the key's name in a
 * message.
 */
#ifndef CONF_JUDGE_H
#define CONF_JUDGE_H

#include "base/base.h"

bool conf_is_utf8(const char *text) MUST_CHECK;

/* For people: UTF-8 without control characters, at most 255 octets; may be empty. */
const char *conf_judge_label(const char *text) MUST_CHECK;
/* A label of 1-128 octets: node_id, the name of a pool. */
const char *conf_judge_id(const char *text) MUST_CHECK;
/* A file's name, not empty, without control characters. */
const char *conf_judge_path(const char *text) MUST_CHECK;
const char *conf_judge_path_or_none(const char *text) MUST_CHECK;
/* The name of a cookie (RFC 6265 section 4.1.1): a token. */
const char *conf_judge_cookie(const char *text) MUST_CHECK;
/* The name of a header field (RFC 9110 section 5.1), or "". */
const char *conf_judge_field_or_none(const char *text) MUST_CHECK;
/* What a request line may carry as its target in origin-form. */
const char *conf_judge_target(const char *text) MUST_CHECK;
/* The beginning of a target's path. */
const char *conf_judge_location(const char *text) MUST_CHECK;
/* The value of Content-Type. */
const char *conf_judge_type(const char *text) MUST_CHECK;
/* The name by which clients ask: letters, digits, '-', '.', '_', or an IPv6 literal in brackets. */
const char *conf_judge_server_name(const char *text) MUST_CHECK;
/* A worker's host: an address, a name that can be looked up, or unix:PATH. */
const char *conf_judge_host(const char *text) MUST_CHECK;

#endif
