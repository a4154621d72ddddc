/*
 * proxy/tls_parts.h - what the tls*.c files share and nobody else sees.
 */
#ifndef PROXY_TLS_PARTS_H
#define PROXY_TLS_PARTS_H

#include "conf/tls_tree.h"
#include "proxy/tls.h"
#include "proxy/tls_cache.h"
#include "proxy/tls_peer.h"

#include <openssl/ssl.h>

struct tls_context {
	SSL_CTX *ctx;         /* owned; every SSL holds a reference of its own */
	char *curves;         /* owned; NULL: OpenSSL's own */
	uint16_t record_most; /* octets of data in one record */
	bool rejects;         /* no handshake under this name */
};

#define TLS_JUDGES 32

/* Keys of session tickets. */
struct tls_ticket_key {
	uint8_t name[16]; /* travels in the ticket, in clear */
	uint8_t aes[32], hmac[32];
	bool is_short; /* 16 octets of each (nginx's files of 48) */
};

/* What goes along with an SSL_CTX of a server that speaks nginx. */
struct tls_extras {
	struct tls_cache *cache;     /* ref; NULL without ssl_session_cache shared */
	struct tls_ticket_key *keys; /* owned by OpenSSL's malloc; NULL: the process's own */
	uint32_t key_count;
	/* What judges clients' certificates: equal where a verdict would be the same. */
	unsigned char judges[TLS_JUDGES];
};

/* By exact name, then by the longest "*.suffix"; NULL when none fits. `name` is in lower case. */
struct tls_context *tls_site_find(const struct tls_site *site, struct slice name);
/* NULL while nothing was added. */
struct tls_context *tls_site_default(const struct tls_site *site);

/* One TLS connection: what sock->tls points at. */
struct tls {
	SSL *ssl; /* owned; NULL until the first octet was seen: silent peers cost little */
	const struct transport *plain; /* borrowed: static; what the sock had before */
	struct tls_site *site; /* borrowed: the generation is held until the handshake is done */
	struct tls_context *chosen; /* compare only */
	SSL_CTX *first;        /* borrowed: the SSL holds what it began with; sessions are its */
	struct tls_peer *peer; /* ref; NULL: we are the server */
	uint64_t session_key;  /* towards a worker: where its session is kept; 0: nowhere */
	char *name;   /* owned; SNI in lower case, NULL when there was none. Towards a worker: as it
			 is checked */
	char *unsent; /* owned; records that the kernel had no room for */
	uint32_t unsent_start, unsent_end;
	int read_error, write_error; /* -errno, for good */
	uint16_t record_most;        /* octets of data in one record */
	uint8_t batch;               /* records per send: fewer for who takes little */
	uint8_t reads_left;          /* of the kernel, in this call */
	bool is_done;                /* the handshake */
	bool is_drained;             /* in this call the kernel gave less than asked for */
	bool has_seen_fin, has_sent_fin;
	bool owes_octet; /* the last one that was written is still to be reported */
};

#define TLS_BATCH_MOST 5 /* 64 KiB and a head */

/* -- tls_io.c -- */

extern const struct transport tls_transport;

int tls_io_start(void) MUST_CHECK;
void tls_io_finish(void);
/* The BIO through which an SSL reads and writes that sock. NULL: no memory. Owned by the SSL. */
BIO *tls_io_bio(struct sock *sock) MUST_CHECK;
/* Before each call into the SSL. */
void tls_io_begin(struct tls *tls);
/* After it. 0 when nothing waits any more; -EAGAIN: the rest waits for can_write; other -errno, for
 * good. */
int tls_io_flush(struct sock *sock);
/* Frees sock->tls and gives the sock its plain transport back. */
void tls_io_free(struct sock *sock);

/* -- tls_handshake.c -- */

/* The client-hello callback of every context: picks the certificate. */
int tls_on_hello(SSL *ssl, int *ret_alert, void *arg);

/* -- tls_web.c -- */

int tls_web_start(void) MUST_CHECK;
/* Everything that a context of nginx's has beside a native one. 0, -EINVAL, -ENOMEM with *err. */
int tls_web_set_up(
	struct tls_context *context, const struct conf_ssl *ssl, struct err *err) MUST_CHECK;
/* NULL for a native context. */
struct tls_extras *tls_extras(const SSL_CTX *ctx);

/* -- tls_peer.c -- */

/* The handshake with a worker is over: who is it? False with nginx's words. */
bool tls_peer_check(struct sock *sock, struct err *why) MUST_CHECK;
/* It failed: the session that was offered is not offered again. */
void tls_peer_forget(struct tls *tls);

/* -- tls_tickets.c -- */

int tls_tickets_start(void) MUST_CHECK;
void tls_tickets_finish(void);
/* Tickets of that context are sealed and opened with our keys. False when OpenSSL refuses. */
bool tls_tickets_attach(SSL_CTX *ctx) MUST_CHECK;
/* Files of 48 or 80 octets; without any *ret is NULL. OPENSSL_clear_free what it gives. */
int tls_tickets_load(struct tls_ticket_key **ret, uint32_t *ret_count,
	const struct conf_tls_files *files, struct err *err) MUST_CHECK;
/* Draws a new key; the one before opens tickets until the next rotation. False when the system has
 * no randomness: the keys then stay. Done by itself every TLS_TICKET_HOURS. */
bool tls_tickets_rotate(void);

#define TLS_TICKET_HOURS 12

/* The oldest error of OpenSSL's queue in words, without addresses or secrets; empties the queue.
 * Valid until the next call. */
const char *tls_error_text(void);

#endif
