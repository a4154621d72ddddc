/*
 * proxy/access_files.h - the files that access_log names, open as long as a configuration uses
 * them.
 *
 *   configuration 1 --.--> /var/log/a.log     one descriptor and one buffer, however many
 *   configuration 2 --'--> /var/log/b.log     access_log and configurations name it
 *
 * A line waits for the end of the loop's turn, or as buffer= and flush= say. What cannot be written
 * is dropped and counted.
 */
#ifndef PROXY_ACCESS_FILES_H
#define PROXY_ACCESS_FILES_H

#include "base/err.h"
#include "conf/log_format.h"

struct conf;

/* Opens what `conf` names; again is legal. -errno with *err in nginx's words (`open() "x" failed
 * (13: Permission denied)`); what was opened before stays. Without conf->web nothing. */
int access_files_open(const struct conf *conf, struct err *err) MUST_CHECK;
/* `conf` goes: files that nobody else names are written out and closed. */
void access_files_close(const struct conf *conf);
/* After logrotate; a file that cannot be opened stays as it is. -errno of the last such. */
int access_files_reopen(struct err *err) MUST_CHECK;
/* At exit: everything. */
void access_files_finish(void);
/* Lines that were dropped, ever. */
uint64_t access_files_lost(void);

/* A whole line with its newline. */
void access_files_put(const struct conf *conf, const struct conf_log_file *file, struct slice line);
/* The same into the file of that name, opened for this line alone. `path` is terminated. */
void access_files_put_path(const char *path, struct slice line);

#endif
