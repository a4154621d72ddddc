#include "comfy/journal_db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define BUSY_MS 1000 /* somebody looks at it with another program */
#define LOCK_STEP_MS 10

enum { FLAG_SECRETS = 1, FLAG_PLACED = 2, FLAG_RUNNING = 4 };

struct journal_db {
	sqlite3 *db;                         /* owned */
	sqlite3_stmt *put, *change, *forget; /* owned */
};

static const char schema[] =
	"CREATE TABLE job (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, client_id TEXT, cookie TEXT,"
	" ip TEXT, number TEXT, capability TEXT, worker_node TEXT, worker_id TEXT, created_wall_ms"
	" INTEGER, priority INTEGER, crashes INTEGER, flags INTEGER, body BLOB);"
	"CREATE INDEX job_by_seq ON job (seq);"
	"PRAGMA user_version = 1;";

/* Parameters 1 to 13 are the same in both; 14 is the body. */
static const char put_sql[] =
	"INSERT INTO job (id, seq, client_id, cookie, ip, number, capability, worker_node, "
	"worker_id,"
	" created_wall_ms, priority, crashes, flags, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
	" ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (id) DO UPDATE SET seq = ?2, client_id = ?3,"
	" cookie = ?4, ip = ?5, number = ?6, capability = ?7, worker_node = ?8, worker_id = ?9,"
	" created_wall_ms = ?10, priority = ?11, crashes = ?12, flags = ?13, body = ?14";
static const char change_sql[] =
	"UPDATE job SET seq = ?2, client_id = ?3, cookie = ?4, ip = ?5, number = ?6, capability = "
	"?7,"
	" worker_node = ?8, worker_id = ?9, created_wall_ms = ?10, priority = ?11, crashes = ?12,"
	" flags = ?13 WHERE id = ?1";
static const char each_sql[] =
	"SELECT id, seq, client_id, cookie, ip, number, capability, worker_node, worker_id,"
	" created_wall_ms, priority, crashes, flags, body FROM job ORDER BY seq";

static int fail(struct journal_db *db, int code, struct err *err)
{
	int system = db->db != NULL ? sqlite3_system_errno(db->db) : 0;
	err_set(err, "%s", db->db != NULL ? sqlite3_errmsg(db->db) : sqlite3_errstr(code));
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_CANTOPEN:
		return system != 0 ? -system : -EACCES;
	default:
		return -EIO;
	}
}

static int run(struct journal_db *db, const char *sql, struct err *err)
{
	int code = sqlite3_exec(db->db, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : fail(db, code, err);
}

/* The one number that a PRAGMA says; -1: it failed, with *ret_code. */
static int64_t pragma(struct journal_db *db, const char *sql, int *ret_code)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value = -1;
	*ret_code = sqlite3_prepare_v2(db->db, sql, -1, &stmt, NULL);
	if (*ret_code == SQLITE_OK) {
		*ret_code = sqlite3_step(stmt);
		if (*ret_code == SQLITE_ROW)
			value = sqlite3_column_int64(stmt, 0);
	}
	(void)sqlite3_finalize(stmt);
	return value;
}

static int prepare(struct journal_db *db, const char *sql, sqlite3_stmt **ret, struct err *err)
{
	int code = sqlite3_prepare_v3(db->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
	/* A table of that name that is not ours. */
	if (code == SQLITE_ERROR) {
		(void)fail(db, code, err);
		return -EUCLEAN;
	}
	return code == SQLITE_OK ? 0 : fail(db, code, err);
}

static int set_up(struct journal_db *db, struct err *err)
{
	int code = 0;
	(void)sqlite3_busy_timeout(db->db, BUSY_MS);
	int64_t version = pragma(db, "PRAGMA user_version", &code);
	if (version < 0)
		return fail(db, code, err);
	if (version > JOURNAL_VERSION) {
		err_set(err, "it was made by a newer version (%lld)", (long long)version);
		return -ENOTSUP;
	}
	int rc = run(db, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;", err);
	if (rc == 0 && version == 0) {
		rc = run(db, "BEGIN IMMEDIATE", err);
		rc = rc != 0 ? rc : run(db, schema, err);
		rc = rc != 0 ? rc : run(db, "COMMIT", err);
	}
	rc = rc != 0 ? rc : prepare(db, put_sql, &db->put, err);
	rc = rc != 0 ? rc : prepare(db, change_sql, &db->change, err);
	return rc != 0 ? rc : prepare(db, "DELETE FROM job WHERE id = ?1", &db->forget, err);
}

int journal_db_open(struct journal_db **ret_db, const char *path, struct err *err)
{
	/* Others have no business with what people ask for. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		int error = -errno;
		err_set(err, "%s: %s", path, strerrordesc_np(-error));
		return error;
	}
	(void)close(fd);
	struct journal_db *db = calloc(1, sizeof(*db));
	if (db == NULL) {
		err_set(err, "%s: out of memory", path);
		return -ENOMEM;
	}
	struct err why = {.text = ""};
	int code = sqlite3_open_v2(
		path, &db->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	int rc = code == SQLITE_OK ? set_up(db, &why) : fail(db, code, &why);
	if (rc != 0) {
		err_set(err, "%s: %s", path, why.text);
		journal_db_close(db);
		return rc;
	}
	*ret_db = db;
	return 0;
}

void journal_db_close(struct journal_db *db)
{
	if (db == NULL)
		return;
	(void)sqlite3_finalize(db->put);
	(void)sqlite3_finalize(db->change);
	(void)sqlite3_finalize(db->forget);
	(void)sqlite3_close(db->db);
	free(db);
}

int journal_db_set_full(struct journal_db *db, bool is_full, struct err *err)
{
	return run(db, is_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err);
}

int journal_db_synchronous(struct journal_db *db)
{
	int code = 0;
	return (int)pragma(db, "PRAGMA synchronous", &code);
}

int journal_db_begin(struct journal_db *db, struct err *err)
{
	return run(db, "BEGIN IMMEDIATE", err);
}

int journal_db_commit(struct journal_db *db, struct err *err)
{
	return run(db, "COMMIT", err);
}

static void bind_text(sqlite3_stmt *stmt, int at, struct slice text)
{
	(void)sqlite3_bind_text64(
		stmt, at, text.n != 0 ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8);
}

static int step(struct journal_db *db, sqlite3_stmt *stmt, struct err *err)
{
	int code = sqlite3_step(stmt);
	int rc = code == SQLITE_DONE ? 0 : fail(db, code, err);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return rc;
}

int journal_db_put(struct journal_db *db, const struct journal_job *job, struct err *err)
{
	sqlite3_stmt *stmt = job->body.n != 0 ? db->put : db->change;
	int flags = (job->had_secrets ? FLAG_SECRETS : 0) | (job->is_placed ? FLAG_PLACED : 0) |
		    (job->is_running ? FLAG_RUNNING : 0);
	bind_text(stmt, 1, job->id);
	(void)sqlite3_bind_int64(stmt, 2, (int64_t)job->seq);
	bind_text(stmt, 3, job->client_id);
	bind_text(stmt, 4, job->cookie);
	bind_text(stmt, 5, job->ip);
	bind_text(stmt, 6, job->number);
	bind_text(stmt, 7, job->capability);
	bind_text(stmt, 8, job->worker_node);
	bind_text(stmt, 9, job->worker_id);
	(void)sqlite3_bind_int64(stmt, 10, (int64_t)job->created_wall_ms);
	(void)sqlite3_bind_int(stmt, 11, job->priority);
	(void)sqlite3_bind_int(stmt, 12, job->crashes);
	(void)sqlite3_bind_int(stmt, 13, flags);
	if (job->body.n != 0)
		(void)sqlite3_bind_blob64(stmt, 14, job->body.p, job->body.n, SQLITE_STATIC);
	return step(db, stmt, err);
}

int journal_db_forget(struct journal_db *db, struct slice id, struct err *err)
{
	bind_text(db->forget, 1, id);
	return step(db, db->forget, err);
}

static struct slice column(sqlite3_stmt *stmt, int at)
{
	/* In this order (SQLite's documentation of sqlite3_column_blob). */
	const char *p = sqlite3_column_blob(stmt, at);
	int n = sqlite3_column_bytes(stmt, at);
	return (struct slice){p, p != NULL && n > 0 ? (size_t)n : 0};
}

static void read_row(struct journal_job *job, sqlite3_stmt *stmt)
{
	int64_t flags = sqlite3_column_int64(stmt, 12);
	int64_t crashes = sqlite3_column_int64(stmt, 11);
	*job = (struct journal_job){
		.id = column(stmt, 0),
		.seq = (uint64_t)sqlite3_column_int64(stmt, 1),
		.client_id = column(stmt, 2),
		.cookie = column(stmt, 3),
		.ip = column(stmt, 4),
		.number = column(stmt, 5),
		.capability = column(stmt, 6),
		.worker_node = column(stmt, 7),
		.worker_id = column(stmt, 8),
		.created_wall_ms = (uint64_t)sqlite3_column_int64(stmt, 9),
		.priority = sqlite3_column_int(stmt, 10),
		.crashes = (uint8_t)(crashes < 0 || crashes > UINT8_MAX ? UINT8_MAX : crashes),
		.had_secrets = (flags & FLAG_SECRETS) != 0,
		.is_placed = (flags & FLAG_PLACED) != 0,
		.is_running = (flags & FLAG_RUNNING) != 0,
		.body = column(stmt, 13),
	};
}

int journal_db_each(struct journal_db *db, bool (*each)(void *arg, const struct journal_job *job),
	void *arg, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	struct journal_job job;
	int rc = prepare(db, each_sql, &stmt, err);
	if (rc != 0)
		return rc;
	int code = sqlite3_step(stmt);
	for (; code == SQLITE_ROW; code = sqlite3_step(stmt)) {
		read_row(&job, stmt);
		if (!each(arg, &job)) {
			code = SQLITE_DONE;
			break;
		}
	}
	rc = code == SQLITE_DONE ? 0 : fail(db, code, err);
	(void)sqlite3_finalize(stmt);
	return rc;
}

int journal_db_check(struct journal_db *db, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = prepare(db, "PRAGMA integrity_check(1)", &stmt, err);
	if (rc != 0)
		return rc;
	int code = sqlite3_step(stmt);
	if (code != SQLITE_ROW) {
		rc = fail(db, code, err);
	} else if (!slice_is(column(stmt, 0), SLICE("ok"))) {
		err_set(err, "%s", (const char *)sqlite3_column_text(stmt, 0));
		rc = -EUCLEAN;
	}
	(void)sqlite3_finalize(stmt);
	return rc;
}

int journal_lock(const char *path, uint32_t wait_ms)
{
	char name[4096];
	int n = snprintf(name, sizeof(name), "%s.lock", path);
	if (n < 0 || (size_t)n >= sizeof(name))
		return -ENAMETOOLONG;
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	for (uint32_t waited = 0;; waited += LOCK_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		int error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (error != -EBUSY || waited >= wait_ms) {
			(void)close(fd);
			return error;
		}
		(void)nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000L}, NULL);
	}
}
