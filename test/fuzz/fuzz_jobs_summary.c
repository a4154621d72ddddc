/*
 * test/fuzz/fuzz_jobs_summary.c - what a worker says came of a job, as we show it.
 *
 * Whatever it says, the list and the detail are JSON; the history is when what it says is an
 * object.
 */
#include "base/hash.h"
#include "comfy/jobs_json.h"
#include "comfy/json_scan.h"
#include "test/fuzz/fuzz.h"

static bool is_json(struct blob *blob)
{
	struct json_value value;
	ensure(blob != NULL);
	bool is_good = json_read(blob_slice(blob), &value);
	blob_unref(blob);
	return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct jobs_limits limits = {10, UINT64_MAX, 10};
	struct json_value result;
	int status = 0;
	ensure(hash_start() == 0);
	struct jobs *jobs = jobs_create(&limits);
	ensure(jobs != NULL);
	struct job *job = jobs_new(jobs, "0f1e2d3c-4b5a-4678-9abc-def012345678");
	ensure(job != NULL);
	jobs_number(jobs, job, false);
	jobs_add(jobs, job);
	job->result = blob_copy(bytes, n);
	ensure(job->result != NULL);
	jobs_move(jobs, job, JOB_DONE);
	ensure(is_json(jobs_one_json(job)));
	jobs_archive(jobs, job);
	ensure(is_json(jobs_one_json(job)));
	ensure(is_json(jobs_list_json(jobs, (struct slice){NULL, 0}, &status)) && status == 200);
	if (json_read(blob_slice(job->result), &result) && result.kind == JSON_KIND_OBJECT)
		ensure(is_json(jobs_history_one(job)));
	jobs_destroy(jobs);
	return 0;
}
