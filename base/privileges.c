#include "base/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_dropped;    /* it was root's process */
static uint32_t laid_aside; /* permitted, and not in effect */

int privileges_find(struct privileges *ret_privileges, const char *user, struct err *err)
{
	struct passwd entry;
	struct passwd *found = NULL;
	char room[16384];
	int error = getpwnam_r(user, &entry, room, sizeof(room), &found);
	if (found == NULL) {
		if (error == 0)
			err_set(err, "there is no user \"%s\"", user);
		else
			err_set(err, "cannot look up the user \"%s\": %s", user,
				strerrordesc_np(error));
		return error == 0 ? -ENOENT : -error;
	}
	*ret_privileges = (struct privileges){
		.user = user, .uid = entry.pw_uid, .gid = entry.pw_gid};
	return 0;
}

int privileges_find_group(gid_t *ret_gid, const char *group)
{
	struct group entry;
	struct group *found = NULL;
	char room[16384];
	int error = getgrnam_r(group, &entry, room, sizeof(room), &found);
	if (found == NULL)
		return error == 0 ? -ENOENT : -error;
	*ret_gid = entry.gr_gid;
	return 0;
}

bool privileges_is_root(void)
{
	return geteuid() == 0;
}

bool privileges_was_root(void)
{
	return privileges_is_root() || has_dropped;
}

int privileges_give_file(const struct privileges *privileges, const char *path, struct err *err)
{
	struct stat is = {0};
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
	int fd = open(path, flags, 0640);
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return 0; /* a link, or a pipe that nobody reads */
	int rc = fd < 0 || fstat(fd, &is) != 0 ? -errno : 0;
	if (rc == 0 && S_ISREG(is.st_mode) && is.st_nlink == 1 && is.st_uid != privileges->uid &&
		fchown(fd, privileges->uid, privileges->gid) != 0)
		rc = -errno;
	if (fd >= 0)
		(void)close(fd);
	if (rc != 0)
		err_set(err, "cannot give %s to %s: %s", path, privileges->user,
			strerrordesc_np(-rc));
	return rc;
}

int privileges_give_socket(const struct privileges *privileges, const char *path, struct err *err)
{
	struct stat is = {0};
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 || fstat(fd, &is) != 0 ? -errno : 0;
	if (rc == 0 && S_ISSOCK(is.st_mode) && is.st_nlink == 1 &&
		fchownat(fd, "", privileges->uid, privileges->gid, AT_EMPTY_PATH) != 0)
		rc = -errno;
	if (fd >= 0)
		(void)close(fd);
	if (rc != 0)
		err_set(err, "cannot give %s to %s: %s", path, privileges->user,
			strerrordesc_np(-rc));
	return rc;
}

int privileges_lend(const struct privileges *privileges, struct err *err)
{
	if (setegid(privileges->gid) != 0 || seteuid(privileges->uid) != 0) {
		int error = errno;
		privileges_return();
		err_set(err, "cannot act as %s: %s", privileges->user, strerrordesc_np(error));
		return -error;
	}
	return 0;
}

void privileges_return(void)
{
	ensure(seteuid(getuid()) == 0 && setegid(getgid()) == 0);
}

/* Of what is permitted only `kept` stays so; of that, `in_effect` counts. */
static int set_capabilities(uint32_t kept, uint32_t in_effect)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
	if (syscall(SYS_capget, &head, sets) != 0)
		return -errno;
	kept &= sets[0].permitted;
	memset(sets, 0, sizeof(sets));
	sets[0].permitted = kept;
	sets[0].effective = kept & in_effect;
	return syscall(SYS_capset, &head, sets) != 0 ? -errno : 0;
}

void privileges_raise(void)
{
	uint32_t all = BIT(CAP_NET_BIND_SERVICE) | laid_aside;
	if (laid_aside != 0)
		ensure(set_capabilities(all, all) == 0);
}

void privileges_lower(void)
{
	if (laid_aside != 0)
		ensure(set_capabilities(BIT(CAP_NET_BIND_SERVICE) | laid_aside,
			       BIT(CAP_NET_BIND_SERVICE)) == 0);
}

int privileges_drop(const struct privileges *privileges, struct err *err)
{
	const char *what = "prctl";
	int rc = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 ? -errno : 0;
	if (rc == 0) {
		what = "initgroups";
		rc = initgroups(privileges->user, privileges->gid) != 0 ? -errno : 0;
	}
	if (rc == 0) {
		gid_t gid = privileges->gid;
		what = "setresgid";
		rc = setresgid(gid, gid, gid) != 0 ? -errno : 0;
	}
	if (rc == 0) {
		uid_t uid = privileges->uid;
		what = "setresuid";
		rc = setresuid(uid, uid, uid) != 0 ? -errno : 0;
	}
	if (rc == 0) {
		what = "capset";
		laid_aside = privileges->keeps_reading ? BIT(CAP_DAC_READ_SEARCH) : 0;
		rc = set_capabilities(
			BIT(CAP_NET_BIND_SERVICE) | laid_aside, BIT(CAP_NET_BIND_SERVICE));
	}
	if (rc == 0) {
		what = "prctl";
		rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
				     prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
			     ? -errno
			     : 0;
	}
	/* All of the above said yes; that root cannot be had back is tried all the same. */
	if (rc == 0 && privileges->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) {
		what = "giving root up";
		rc = -EPERM;
	}
	has_dropped = true;
	if (rc != 0)
		err_set(err, "cannot become %s: %s: %s", privileges->user, what,
			strerrordesc_np(-rc));
	return rc;
}
