/*
 * The first octet says what was asked for, the rest is the answer. Whatever is made of it is within
 * bounds, and the same octets give the same again.
 */
#include "proxy/dns_answer.h"
#include "test/fuzz/fuzz.h"

static void check(const struct dns_answer *answer, enum dns_type type)
{
	ensure(answer->code >= 0 && answer->code <= 15);
	ensure(answer->count <= (type == DNS_SRV ? DNS_SERVICES_MOST : DNS_ADDRS_MOST));
	ensure(answer->count == 0 || answer->code == DNS_OK);
	ensure(answer->count == 0 || answer->ttl_s <= INT32_MAX);
	ensure(memchr(answer->alias, '\0', sizeof(answer->alias)) != NULL);
	for (uint32_t i = 0; i < answer->count; i++) {
		if (type == DNS_SRV)
			ensure(memchr(answer->services[i].name, '\0',
				       sizeof(answer->services[i].name)) != NULL);
		else
			ensure(answer->addrs[i].u.any.sa_family ==
				(type == DNS_A ? AF_INET : AF_INET6));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_SRV};
	static struct dns_answer answer, again;
	if (size == 0)
		return 0;
	enum dns_type type = types[data[0] % COUNT_OF(types)];
	bool is_ok = dns_answer_read(&answer, type, data + 1, size - 1);
	ensure(dns_answer_read(&again, type, data + 1, size - 1) == is_ok);
	if (!is_ok)
		return 0;
	ensure(again.count == answer.count && strcmp(again.alias, answer.alias) == 0);
	check(&answer, type);
	return 0;
}
