#include "comfy/spool_index.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

struct spool_index {
	sqlite3 *db;
	sqlite3_stmt *put, *forget;
};

static int errno_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* no such column: another program's tables */
		return -EUCLEAN;
	default:
		return -EIO;
	}
}

static int fail(struct spool_index *index, int code, const char *path, struct err *err)
{
	int error = errno_of(code);
	if (error == -EBUSY)
		err_set(err, "%s: in use by another process", path);
	else
		err_set(err, "%s: %s", path, sqlite3_errmsg(index->db));
	return error != 0 ? error : -EIO;
}

static const char *text_at(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	return text == NULL ? "" : text;
}

static int read_rows(
	struct spool_index *index, bool (*each)(void *arg, const struct spool_row *row), void *arg)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(index->db,
		"SELECT type, subfolder, name, digest, bytes, used_ms FROM file ORDER BY used_ms",
		-1, &stmt, NULL);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(stmt);
		if (code != SQLITE_ROW)
			break;
		struct spool_row row = {
			.type = text_at(stmt, 0),
			.subfolder = text_at(stmt, 1),
			.name = text_at(stmt, 2),
			.digest = text_at(stmt, 3),
			.bytes = (uint64_t)sqlite3_column_int64(stmt, 4),
			.used_wall_ms = (uint64_t)sqlite3_column_int64(stmt, 5),
		};
		if (!each(arg, &row))
			code = SQLITE_NOMEM;
	}
	(void)sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int prepare(struct spool_index *index)
{
	static const char put[] = "INSERT OR REPLACE INTO file "
				  "(type, subfolder, name, digest, bytes, used_ms) "
				  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
	static const char forget[] =
		"DELETE FROM file WHERE type = ?1 AND subfolder = ?2 AND name = ?3";
	int code = sqlite3_prepare_v2(index->db, put, -1, &index->put, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(index->db, forget, -1, &index->forget, NULL);
	return code;
}

int spool_index_open(struct spool_index **ret_index, const char *path,
	bool (*each)(void *arg, const struct spool_row *row), void *arg, struct err *err)
{
	static const char begin[] =
		"PRAGMA locking_mode = EXCLUSIVE;"
		"PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = OFF;"
		"BEGIN IMMEDIATE;"
		"CREATE TABLE IF NOT EXISTS file ("
		" type TEXT NOT NULL, subfolder TEXT NOT NULL, name TEXT NOT NULL,"
		" digest TEXT NOT NULL, bytes INTEGER NOT NULL,"
		" used_ms INTEGER NOT NULL,"
		" PRIMARY KEY (type, subfolder, name)) WITHOUT ROWID;"
		"COMMIT;";
	struct spool_index *index = calloc(1, sizeof(*index));
	*ret_index = NULL;
	if (index == NULL) {
		err_set(err, "out of memory");
		return -ENOMEM;
	}
	int code = sqlite3_open_v2(path, &index->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(index->db, begin, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = read_rows(index, each, arg);
	if (code == SQLITE_OK)
		code = prepare(index);
	if (code != SQLITE_OK) {
		int error = fail(index, code, path, err);
		spool_index_close(index);
		return error;
	}
	*ret_index = index;
	return 0;
}

void spool_index_close(struct spool_index *index)
{
	if (index == NULL)
		return;
	(void)sqlite3_finalize(index->put);
	(void)sqlite3_finalize(index->forget);
	(void)sqlite3_close(index->db);
	free(index);
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	/* Fails only for lack of memory, and then the value is NULL, which the table refuses. */
	(void)sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

static int run(sqlite3_stmt *stmt)
{
	(void)sqlite3_step(stmt);
	int code = sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return errno_of(code);
}

int spool_index_put(struct spool_index *index, const struct spool_row *row)
{
	bind_text(index->put, 1, row->type);
	bind_text(index->put, 2, row->subfolder);
	bind_text(index->put, 3, row->name);
	bind_text(index->put, 4, row->digest);
	(void)sqlite3_bind_int64(index->put, 5, (sqlite3_int64)row->bytes);
	(void)sqlite3_bind_int64(index->put, 6, (sqlite3_int64)row->used_wall_ms);
	return run(index->put);
}

int spool_index_forget(
	struct spool_index *index, const char *type, const char *subfolder, const char *name)
{
	bind_text(index->forget, 1, type);
	bind_text(index->forget, 2, subfolder);
	bind_text(index->forget, 3, name);
	return run(index->forget);
}
