/*
 * bench/load.h - what the pieces of the load tool share. Whatever goes wrong ends the program: a
 * bench with errors is no bench.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "base/base.h"

NORETURN void load_stop(const char *what);
double load_seconds(void);
/* Connected to 127.0.0.1, blocking, without Nagle. `receive_room` 0: the system's. */
int load_connect(int port, int receive_room);
void load_unblock(int fd);
void load_send(int fd, const void *p, size_t n);
/* Sends a WebSocket upgrade and reads its 101. */
void load_upgrade(int fd);
/* One line to whoever started us, and one from there. */
void load_tell(const char *format, ...) PRINTF_LIKE(1, 2);
/* False: the other side is gone. Waits. */
bool load_hear(void);

int load_get(int port, const char *path, bool is_tls, int times);
int load_put(int port, uint64_t octets, int times);
int load_handshakes(int port, double seconds, int connections);
int load_ping_pong(int port, double seconds, int tunnels);
int load_hold(int port, int tunnels, int slow);
int load_latency(int port, double seconds, int rate);

#endif
