/*
 * proxy/stats.h - what the data plane counts. Read by admin/, written by proxy/ alone.
 */
#ifndef PROXY_STATS_H
#define PROXY_STATS_H

#include "base/base.h"
#include "proxy/close_reason.h"

struct proxy_stats {
	uint64_t accepted;       /* client connections ever */
	uint64_t accept_errors;  /* accept4 failed: EMFILE and its like */
	uint64_t accept_paused;  /* times that listeners stopped at limits.max_connections */
	uint64_t idle_closed;    /* idle clients closed to make room */
	uint32_t connections;    /* clients now */
	uint32_t idle;           /* of them: between two requests */
	uint32_t exchanges;      /* now, tunnels included */
	uint32_t reading;        /* of them: their head is not whole */
	uint32_t tunnels;        /* now */
	uint32_t upstreams;      /* connections to workers now, idle included */
	uint64_t requests;       /* heads accepted */
	uint64_t responses[6];   /* sent to clients, by first digit */
	uint64_t own_answers[6]; /* of them given by no worker */
	uint64_t limit_hits_header, limit_hits_target,
		limit_hits_body; /* 431, 414, 413 that we said */
	uint64_t retries;        /* an exchange moved to another worker */
	uint64_t stale_retries;  /* a kept connection had died; asked again on a fresh one */
	uint64_t bytes_from_clients, bytes_to_clients;
	uint64_t spliced_bytes;
	uint64_t spilled_bytes;  /* of answers, into temporary files */
	uint64_t temp_bytes;     /* into temporary files, bodies of requests included */
	uint64_t temp_files;     /* ever */
	uint64_t temp_files_now; /* open */
	uint64_t temp_failures;  /* none could be made, or not be written */
	uint64_t tls_handshakes, tls_resumed, tls_failed;
	uint64_t upstream_tls, upstream_tls_resumed, upstream_tls_refused; /* handshakes */
	uint64_t out_of_memory;             /* one client lost each */
	uint64_t closed[CLOSE_REASONS];     /* exchanges and idle connections */
	uint64_t pipes_open, pipes_refused; /* splice pipes; refused: copied instead */
};

extern struct proxy_stats proxy_stats;

#endif
