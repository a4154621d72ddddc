/*
 * proxy/guard.h - who gets in, where the configuration is nginx's (proxy/web.h).
 *
 *   once     limit_req, limit_conn        guard_limit.c   may have to wait
 *   then     allow, deny                  guard_access.c
 *            auth_basic                   guard_basic.c
 *            auth_request                 guard_ask.c     asks another location, and waits
 *
 * `satisfy all`: each of the last three has to agree; `satisfy any`: one of them. After an internal
 * redirect they are asked again, for the location that is in force then; the limits are not.
 *
 * auth_request runs in the same exchange: what stands in it is put aside, another URI is routed and
 * answered (by a worker, or by ourselves), its status is noted, and the exchange goes on where it
 * was:
 *
 *   GUARD --guard_ask--> ROUTE -> GUARD -> HOLD -> PICK -> CONNECT -> SEND
 *     ^                    ^        any of them: guard_take_status     | guard_take_head
 *     '---- ROUTE <--------'-------------------------------------------'
 *
 * Nothing of the client's body is read or sent meanwhile.
 */
#ifndef PROXY_GUARD_H
#define PROXY_GUARD_H

#include "conf/var.h"
#include "conf/web_access.h"
#include "proxy/web.h"

/* The exchange ends, or is routed from its beginning: counts go back, the client has its own
 * address again. Does nothing where there is nothing to do. */
void guard_finish(struct exchange *x);
/* At exit: password files, and what was found out about passwords. */
void guard_trim(void);

/* -- auth_request -- */

bool guard_is_asking(const struct exchange *x);
/* The exchange ends meanwhile: what stood in it before is there again, for the log. */
void guard_stop_asking(struct exchange *x);
/* While asking: an answer of our own with that status is the answer to the question. The state is
 * ROUTE afterwards, the location the one that asked, and GUARD is next. */
enum step guard_take_status(struct exchange *x, int status);
/* While asking: x->answer is whole and final, its octets are at `p`. Likewise. */
enum step guard_take_head(struct exchange *x, const char *p);
/* While asking: the method that the client used; else p is NULL. */
struct slice guard_own_method(const struct exchange *x);

/* -- for the answer -- */

/* The value of WWW-Authenticate that goes with the answer; p NULL: none. */
struct slice guard_challenge(const struct exchange *x);
/* $limit_req_status, $limit_conn_status; p NULL: there was no limit. */
struct slice guard_limit_status(const struct exchange *x, enum conf_var var);

/* -- realip.c -- */

/* The client's address becomes what the request says, if `realip` (may be NULL) trusts whom it came
 * from, and it is the first time for this exchange. False: no memory. */
bool realip_apply(struct exchange *x, const struct conf_realip *realip) MUST_CHECK;

/* -- zones -- */

/* Those of a configuration, for a generation; NULL: no memory. Takes a NULL `conf`. */
struct guard_zones;
struct guard_zones *guard_zones_create(const struct conf_zones *conf) MUST_CHECK;
void guard_zones_destroy(struct guard_zones *zones); /* takes NULL */

#endif
