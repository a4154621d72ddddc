/*
 * admin/process.h - what the kernel knows about us.
 */
#ifndef ADMIN_PROCESS_H
#define ADMIN_PROCESS_H

#include "base/base.h"

struct process {
	uint64_t resident_bytes;
	uint64_t open_fds, max_fds;
	uint64_t cpu_us; /* user and system */
};

/* What cannot be found out is 0. Does not allocate, costs well below a millisecond. */
void process_look(struct process *ret_process);

#endif
