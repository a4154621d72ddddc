/*
 * lb/eligible.h - may this backend be used now? The only place that says so.
 *
 * Sets, best first. A pick is made in the first set that has a member not yet tried:
 *
 *   for a job      primaries that are up and have room > primaries that are up > backups ... > busy
 * ones for the rest   primaries that are up > backups that are up > busy ones
 */
#ifndef LB_ELIGIBLE_H
#define LB_ELIGIBLE_H

#include "lb/backend.h"

enum lb_set {
	LB_SET_ROOM,        /* primary, up, fewer jobs than max_concurrent */
	LB_SET_UP,          /* primary, up */
	LB_SET_BACKUP_ROOM, /* likewise for backups */
	LB_SET_BACKUP,
	LB_SET_BUSY, /* busy, primary or backup */
	LB_SET_COUNT
};

/* Nothing new goes to one that is down or draining. */
static inline bool lb_is_eligible(const struct backend *backend)
{
	return backend->state != BACKEND_DOWN && !backend->is_draining;
}

static inline bool lb_has_room(const struct lb_load *load)
{
	return load->jobs < load->max_jobs;
}

/* BIT(enum lb_set) of every set that a member belongs to; 0 when it is not eligible. */
static inline unsigned lb_sets_of(
	const struct backend *backend, const struct lb_load *load, bool is_backup)
{
	if (!lb_is_eligible(backend))
		return 0;
	if (backend->state == BACKEND_BUSY)
		return BIT(LB_SET_BUSY);
	unsigned sets = is_backup ? BIT(LB_SET_BACKUP) : BIT(LB_SET_UP);
	if (lb_has_room(load))
		sets |= is_backup ? BIT(LB_SET_BACKUP_ROOM) : BIT(LB_SET_ROOM);
	return sets;
}

#endif
