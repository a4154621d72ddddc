/*
 * proxy/dns_answer.c - one walk over the records for each alias, and one for what was asked.
 *
 *   header | question | record record record ...
 *                       name, type, class, ttl, length, octets
 */
#include "proxy/dns_answer.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>

#define HEADER_BYTES 12
#define QUESTION_BYTES 4 /* behind its name */
#define RECORD_BYTES 10  /* likewise */
#define CLASS_IN 1
#define TYPE_CNAME 5
#define SERVICE_BYTES 6 /* in front of the name */
#define HOPS_MOST 16    /* in one answer; a longer chain is asked for from there on */

struct reader {
	const uint8_t *octets;
	size_t n, at;
};

struct record {
	char name[DNS_NAME_ROOM];
	uint16_t type, class;
	uint32_t ttl_s;
	size_t at, n; /* of its octets */
};

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* A name at `at` that may take `room` octets there. 0: none; else how many it takes. */
static size_t read_name(const struct reader *r, size_t at, size_t room, char *ret_name)
{
	char *name = NULL;
	long took = 0;
	if (at >= r->n || r->n > INT32_MAX ||
		ares_expand_name(r->octets + at, r->octets, (int)r->n, &name, &took) !=
			ARES_SUCCESS)
		return 0;
	size_t n = strlen(name);
	bool is_ok = n < DNS_NAME_ROOM && took > 0 && (size_t)took <= room;
	if (is_ok)
		memcpy(ret_name, name, n + 1);
	ares_free_string(name);
	return is_ok ? (size_t)took : 0;
}

static bool read_question(struct reader *r, enum dns_type type, char *ret_name)
{
	const uint8_t *p = r->octets;
	/* An answer (QR), of a plain question (opcode 0), with that one question. */
	if (r->n < HEADER_BYTES || (p[2] & 0xf8) != 0x80 || u16(p + 4) != 1)
		return false;
	size_t took = read_name(r, HEADER_BYTES, r->n - HEADER_BYTES, ret_name);
	r->at = HEADER_BYTES + took;
	if (took == 0 || r->n - r->at < QUESTION_BYTES || u16(p + r->at) != (uint16_t)type ||
		u16(p + r->at + 2) != CLASS_IN)
		return false;
	r->at += QUESTION_BYTES;
	return true;
}

static bool read_record(struct reader *r, struct record *ret_record)
{
	size_t took = read_name(r, r->at, r->n - r->at, ret_record->name);
	r->at += took;
	if (took == 0 || r->n - r->at < RECORD_BYTES)
		return false;
	const uint8_t *p = r->octets + r->at;
	ret_record->type = u16(p);
	ret_record->class = u16(p + 2);
	ret_record->ttl_s = (uint32_t)u16(p + 4) << 16 | u16(p + 6);
	/* RFC 2181 section 8 */
	if (ret_record->ttl_s > INT32_MAX)
		ret_record->ttl_s = 0;
	ret_record->n = u16(p + 8);
	r->at += RECORD_BYTES;
	ret_record->at = r->at;
	if (r->n - r->at < ret_record->n)
		return false;
	r->at += ret_record->n;
	return true;
}

static bool add_addr(struct dns_answer *answer, const struct reader *r, const struct record *record)
{
	const uint8_t *p = r->octets + record->at;
	struct addr addr = {.len = 0};
	if (record->type == DNS_A && record->n == 4) {
		addr.len = sizeof(addr.u.v4);
		addr.u.v4.sin_family = AF_INET;
		memcpy(&addr.u.v4.sin_addr, p, 4);
	} else if (record->type == DNS_AAAA && record->n == 16) {
		addr.len = sizeof(addr.u.v6);
		addr.u.v6.sin6_family = AF_INET6;
		memcpy(&addr.u.v6.sin6_addr, p, 16);
	} else {
		return false;
	}
	if (answer->count < DNS_ADDRS_MOST)
		answer->addrs[answer->count++] = addr;
	return true;
}

static bool add_service(
	struct dns_answer *answer, const struct reader *r, const struct record *record)
{
	const uint8_t *p = r->octets + record->at;
	struct dns_service service;
	if (record->n <= SERVICE_BYTES || read_name(r, record->at + SERVICE_BYTES,
						  record->n - SERVICE_BYTES, service.name) == 0)
		return false;
	service.priority = u16(p);
	service.weight = u16(p + 2);
	service.port = u16(p + 4);
	if (answer->count < DNS_SERVICES_MOST)
		answer->services[answer->count++] = service;
	return true;
}

static void count_ttl(struct dns_answer *answer, const struct record *record)
{
	if (record->ttl_s < answer->ttl_s)
		answer->ttl_s = record->ttl_s;
}

/* All records once: what was asked of `name` is taken, an alias of it goes to `ret_alias` ("":
 * none). False: not to be read. */
static bool walk(struct reader r, uint32_t count, enum dns_type type, const char *name,
	struct dns_answer *answer, char *ret_alias)
{
	struct record record;
	ret_alias[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		if (!read_record(&r, &record))
			return false;
		if (record.class != CLASS_IN || strcasecmp(record.name, name) != 0)
			continue;
		if (record.type == TYPE_CNAME) {
			if (read_name(&r, record.at, record.n, ret_alias) == 0)
				return false;
			count_ttl(answer, &record);
		} else if (record.type == (uint16_t)type) {
			if (!(type == DNS_SRV ? add_service(answer, &r, &record)
					      : add_addr(answer, &r, &record)))
				return false;
			count_ttl(answer, &record);
		}
	}
	return true;
}

bool dns_answer_read(
	struct dns_answer *ret_answer, enum dns_type type, const uint8_t *octets, size_t n)
{
	struct reader r = {octets, n, 0};
	char name[DNS_NAME_ROOM], alias[DNS_NAME_ROOM];
	ret_answer->count = 0;
	ret_answer->ttl_s = UINT32_MAX;
	ret_answer->alias[0] = '\0';
	if (!read_question(&r, type, name))
		return false;
	ret_answer->code = octets[3] & 0x0f;
	uint32_t count = u16(octets + 6);
	if (ret_answer->code != DNS_OK)
		return true;
	for (uint32_t hops = 0; hops < HOPS_MOST; hops++) {
		if (!walk(r, count, type, name, ret_answer, alias))
			return false;
		if (ret_answer->count != 0 || alias[0] == '\0')
			break;
		memcpy(name, alias, sizeof(name));
		memcpy(ret_answer->alias, alias, sizeof(alias));
	}
	return true;
}
