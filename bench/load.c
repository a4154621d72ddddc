/*
 * bench/load.c - the loads that wrk cannot make. All towards 127.0.0.1:PORT.
 *
 *   load get PORT PATH plain|tls TIMES      downloads, one after the other, on one connection
 *   load put PORT OCTETS TIMES              uploads to /sink likewise
 *   load handshakes PORT SECONDS CONNECTIONS      full TLS handshakes, that many at a time
 *   load ping-pong PORT SECONDS TUNNELS     200 octets there and back, on each tunnel at once
 *   load hold PORT TUNNELS SLOW             idle tunnels and slow clients, until the input ends
 *   load latency PORT SECONDS RATE          that many GET /88 a second; how long each took
 *
 * Prints "ready" when its connections stand and waits for a line; then the figures, in one line:
 * units of work done (octets, handshakes, messages), for latency the median, the 99th percentile
 * and the longest in microseconds.
 */
#include "bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void load_stop(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, errno != 0 ? strerrordesc_np(errno) : "no");
	exit(1);
}

double load_seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int load_connect(int port, int receive_room)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Nothing here may hang for ever. */
	struct timeval most = {.tv_sec = 30};
	if (fd < 0)
		load_stop("socket");
	if (receive_room != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_room, sizeof(receive_room));
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) != 0 ||
		connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		load_stop("connect");
	return fd;
}

void load_unblock(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
		load_stop("fcntl");
}

void load_send(int fd, const void *p, size_t n)
{
	while (n != 0) {
		ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
		if (put <= 0)
			load_stop("send");
		p = (const char *)p + put;
		n -= (size_t)put;
	}
}

void load_upgrade(int fd)
{
	static const char request[] = "GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
				      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
				      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	char head[4096];
	size_t n = 0;
	load_send(fd, request, sizeof(request) - 1);
	while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
		ssize_t got = recv(fd, head + n, 1, 0);
		if (got != 1 || ++n == sizeof(head))
			load_stop("upgrade");
	}
	if (strncmp(head, "HTTP/1.1 101", 12) != 0)
		load_stop("no 101");
}

void load_tell(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)printf("\n");
	(void)fflush(stdout);
}

bool load_hear(void)
{
	char line[64];
	return fgets(line, sizeof(line), stdin) != NULL;
}

/* -- one big thing -- */

static char piece[262144];

static ssize_t read_some(int fd, SSL *ssl)
{
	errno = 0;
	return ssl != NULL ? SSL_read(ssl, piece, sizeof(piece) - 1)
			   : recv(fd, piece, sizeof(piece) - 1, 0);
}

/* Reads one answer of 200 to its end. Octets of its body. */
static uint64_t read_answer(int fd, SSL *ssl)
{
	size_t n = 0;
	char *end = NULL;
	while (end == NULL) {
		ssize_t got = ssl != NULL ? SSL_read(ssl, piece + n, (int)(4095 - n))
					  : recv(fd, piece + n, 4095 - n, 0);
		if (got <= 0)
			load_stop("no answer");
		n += (size_t)got;
		piece[n] = '\0';
		end = strstr(piece, "\r\n\r\n");
	}
	const char *length = strcasestr(piece, "\r\ncontent-length: ");
	if (strncmp(piece, "HTTP/1.1 200", 12) != 0 || length == NULL)
		load_stop("no 200 with a length");
	uint64_t all = strtoull(length + 18, NULL, 10);
	uint64_t have = n - (size_t)(end + 4 - piece);
	while (have < all) {
		ssize_t got = read_some(fd, ssl);
		if (got <= 0)
			load_stop("answer cut");
		have += (uint64_t)got;
	}
	return all;
}

static SSL_CTX *client_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL)
		load_stop("SSL_CTX_new");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
	return ctx;
}

int load_get(int port, const char *path, bool is_tls, int times)
{
	char request[256];
	int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", path);
	int fd = load_connect(port, 0);
	SSL *ssl = NULL;
	if (is_tls) {
		ssl = SSL_new(client_context());
		if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
			load_stop("handshake");
	}
	load_tell("ready");
	uint64_t octets = 0;
	if (!load_hear())
		return 1;
	for (int i = 0; i < times; i++) {
		if (ssl != NULL ? SSL_write(ssl, request, n) != n
				: send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
			load_stop("send");
		octets += read_answer(fd, ssl);
	}
	load_tell("%llu", (unsigned long long)octets);
	return 0;
}

int load_put(int port, uint64_t octets, int times)
{
	char request[256];
	int n = snprintf(request, sizeof(request),
		"POST /sink HTTP/1.1\r\nHost: bench\r\nContent-Length: %llu\r\n\r\n",
		(unsigned long long)octets);
	int fd = load_connect(port, 0);
	load_tell("ready");
	if (!load_hear())
		return 1;
	for (int i = 0; i < times; i++) {
		load_send(fd, request, (size_t)n);
		for (uint64_t left = octets; left != 0;) {
			size_t here = (size_t)min_u64(left, sizeof(piece));
			load_send(fd, piece, here);
			left -= here;
		}
		(void)read_answer(fd, NULL);
	}
	load_tell("%llu", (unsigned long long)octets * (unsigned)times);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	const char *what = argc > 2 ? argv[1] : "";
	int port = argc > 2 ? atoi(argv[2]) : 0;
	if (strcmp(what, "get") == 0 && argc == 6)
		return load_get(port, argv[3], strcmp(argv[4], "tls") == 0, atoi(argv[5]));
	if (strcmp(what, "put") == 0 && argc == 5)
		return load_put(port, strtoull(argv[3], NULL, 10), atoi(argv[4]));
	if (argc == 5 && strcmp(what, "hold") == 0)
		return load_hold(port, atoi(argv[3]), atoi(argv[4]));
	double seconds = argc == 5 ? strtod(argv[3], NULL) : 0;
	if (seconds > 0 && strcmp(what, "handshakes") == 0)
		return load_handshakes(port, seconds, atoi(argv[4]));
	if (seconds > 0 && strcmp(what, "ping-pong") == 0)
		return load_ping_pong(port, seconds, atoi(argv[4]));
	if (seconds > 0 && strcmp(what, "latency") == 0)
		return load_latency(port, seconds, atoi(argv[4]));
	(void)fprintf(stderr, "load: see the head of bench/load.c\n");
	return 2;
}
