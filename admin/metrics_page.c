/*
 * admin/metrics_page.c - the whole page: clients, the program and its process, then pools and
 * workers.
 */
#include "admin/metrics.h"
#include "admin/process.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "lb/backend.h"
#include "proxy/proxy.h"

#include <stdio.h>

#define OF(field) offsetof(struct proxy_stats, field)
#define NONE ((struct slice){"", 0})

static const struct metric client_metrics[] = {
	{"comfymux_client_connections", "Clients connected.", METRIC_GAUGE_U32, OF(connections),
		NULL},
	{"comfymux_client_connections_idle", "Of them between two requests.", METRIC_GAUGE_U32,
		OF(idle), NULL},
	{"comfymux_exchanges", "Requests being served, tunnels included.", METRIC_GAUGE_U32,
		OF(exchanges), NULL},
	{"comfymux_tunnels", "WebSockets open.", METRIC_GAUGE_U32, OF(tunnels), NULL},
	{"comfymux_upstream_connections", "Connections to workers, kept ones included.",
		METRIC_GAUGE_U32, OF(upstreams), NULL},
	{"comfymux_connections_accepted_total", "Client connections.", METRIC_COUNTER_U64,
		OF(accepted), NULL},
	{"comfymux_accept_errors_total", "Failed accepts, as when descriptors are out.",
		METRIC_COUNTER_U64, OF(accept_errors), NULL},
	{"comfymux_accept_paused_total", "Times that limits.max_connections stopped accepting.",
		METRIC_COUNTER_U64, OF(accept_paused), NULL},
	{"comfymux_idle_closed_total", "Idle clients closed to make room.", METRIC_COUNTER_U64,
		OF(idle_closed), NULL},
	{"comfymux_requests_total", "Valid request heads.", METRIC_COUNTER_U64, OF(requests), NULL},
	{"comfymux_responses_total", "Answers to clients by first digit of the status.",
		METRIC_COUNTER_U64, OF(responses[1]), "class=\"1xx\""},
	{"comfymux_responses_total", "", METRIC_COUNTER_U64, OF(responses[2]), "class=\"2xx\""},
	{"comfymux_responses_total", "", METRIC_COUNTER_U64, OF(responses[3]), "class=\"3xx\""},
	{"comfymux_responses_total", "", METRIC_COUNTER_U64, OF(responses[4]), "class=\"4xx\""},
	{"comfymux_responses_total", "", METRIC_COUNTER_U64, OF(responses[5]), "class=\"5xx\""},
	{"comfymux_own_responses_total", "Of them those that no worker gave.", METRIC_COUNTER_U64,
		OF(own_answers[2]), "class=\"2xx\""},
	{"comfymux_own_responses_total", "", METRIC_COUNTER_U64, OF(own_answers[3]),
		"class=\"3xx\""},
	{"comfymux_own_responses_total", "", METRIC_COUNTER_U64, OF(own_answers[4]),
		"class=\"4xx\""},
	{"comfymux_own_responses_total", "", METRIC_COUNTER_U64, OF(own_answers[5]),
		"class=\"5xx\""},
	{"comfymux_limit_hits_total", "Requests refused by a limit.", METRIC_COUNTER_U64,
		OF(limit_hits_header), "limit=\"header\""},
	{"comfymux_limit_hits_total", "", METRIC_COUNTER_U64, OF(limit_hits_target),
		"limit=\"target\""},
	{"comfymux_limit_hits_total", "", METRIC_COUNTER_U64, OF(limit_hits_body),
		"limit=\"body\""},
	{"comfymux_retries_total", "Exchanges that moved to another worker.", METRIC_COUNTER_U64,
		OF(retries), NULL},
	{"comfymux_stale_retries_total", "Exchanges repeated because a kept connection had died.",
		METRIC_COUNTER_U64, OF(stale_retries), NULL},
	{"comfymux_received_bytes_total", "Bytes from clients.", METRIC_COUNTER_U64,
		OF(bytes_from_clients), NULL},
	{"comfymux_sent_bytes_total", "Bytes to clients.", METRIC_COUNTER_U64, OF(bytes_to_clients),
		NULL},
	{"comfymux_spliced_bytes_total", "Bytes that never entered the program.",
		METRIC_COUNTER_U64, OF(spliced_bytes), NULL},
	{"comfymux_spilled_bytes_total", "Bytes of answers that waited in temporary files.",
		METRIC_COUNTER_U64, OF(spilled_bytes), NULL},
	{"comfymux_temp_bytes_total", "Bytes written to temporary files.", METRIC_COUNTER_U64,
		OF(temp_bytes), NULL},
	{"comfymux_temp_files_total", "Temporary files made.", METRIC_COUNTER_U64, OF(temp_files),
		NULL},
	{"comfymux_temp_files_open", "Temporary files now.", METRIC_GAUGE_U64, OF(temp_files_now),
		NULL},
	{"comfymux_temp_failures_total", "Times a temporary file could not be made or written.",
		METRIC_COUNTER_U64, OF(temp_failures), NULL},
	{"comfymux_tls_handshakes_total", "Finished TLS handshakes.", METRIC_COUNTER_U64,
		OF(tls_handshakes), NULL},
	{"comfymux_tls_resumed_total", "Of them resumed.", METRIC_COUNTER_U64, OF(tls_resumed),
		NULL},
	{"comfymux_tls_failed_total", "Failed TLS handshakes.", METRIC_COUNTER_U64, OF(tls_failed),
		NULL},
	{"comfymux_upstream_tls_handshakes_total", "Finished TLS handshakes with workers.",
		METRIC_COUNTER_U64, OF(upstream_tls), NULL},
	{"comfymux_upstream_tls_resumed_total", "Of them resumed.", METRIC_COUNTER_U64,
		OF(upstream_tls_resumed), NULL},
	{"comfymux_upstream_tls_refused_total",
		"Of them ended because the worker was not who it should be.", METRIC_COUNTER_U64,
		OF(upstream_tls_refused), NULL},
	{"comfymux_out_of_memory_total", "Clients lost because memory was out.", METRIC_COUNTER_U64,
		OF(out_of_memory), NULL},
	{"comfymux_pipes_open", "Pipes for splicing.", METRIC_GAUGE_U64, OF(pipes_open), NULL},
	{"comfymux_pipes_refused_total", "Times there was none, so bytes were copied.",
		METRIC_COUNTER_U64, OF(pipes_refused), NULL},
};

static void put_closed(struct text *text)
{
	metrics_family(text, "comfymux_closed_total", "counter",
		"Exchanges and connections that ended, by reason.");
	for (int reason = 0; reason < CLOSE_REASONS; reason++) {
		char label[64];
		(void)snprintf(label, sizeof(label), "reason=\"%s\"",
			close_reason_name((enum close_reason)reason));
		metrics_sample(
			text, "comfymux_closed_total", NONE, label, proxy_stats.closed[reason]);
	}
}

static void put_one(struct text *text, const char *name, enum metric_kind kind, const char *help,
	uint64_t value)
{
	struct metric metric = {name, help, kind, 0, NULL};
	metrics_table(text, &metric, 1, &(struct metric_object){&value, NONE}, 1);
}

static void put_reloads(struct text *text, const struct reload_status *status)
{
	static const struct metric table[] = {
		{"comfymux_reloads_total", "Configurations read, the first one included.",
			METRIC_COUNTER_U64, offsetof(struct reload_status, ok_count),
			"result=\"ok\""},
		{"comfymux_reloads_total", "", METRIC_COUNTER_U64,
			offsetof(struct reload_status, failed_count), "result=\"failed\""},
		{"comfymux_reload_timestamp_seconds", "When the last one was, 0 for never.",
			METRIC_GAUGE_US, offsetof(struct reload_status, last_ok_wall_us),
			"result=\"ok\""},
		{"comfymux_reload_timestamp_seconds", "", METRIC_GAUGE_US,
			offsetof(struct reload_status, last_failed_wall_us), "result=\"failed\""},
		{"comfymux_generations", "Configurations in use, older ones drain.",
			METRIC_GAUGE_U64, offsetof(struct reload_status, generations_alive), NULL},
	};
	metrics_table(text, table, COUNT_OF(table), &(struct metric_object){status, NONE}, 1);
}

static void put_program(struct text *text)
{
	struct metric busy = {"comfymux_loop_lag_seconds",
		"How long turns of the event loop worked: what others had to wait.",
		METRIC_HISTOGRAM, 0, NULL};
	metrics_table(text, &busy, 1, &(struct metric_object){loop_busy(), NONE}, 1);
	put_one(text, "comfymux_loop_lag_max_seconds", METRIC_GAUGE_US, "The longest turn.",
		loop_busy_most_us());
	put_one(text, "comfymux_log_lines_lost_total", METRIC_COUNTER_U64,
		"Error log lines that could not be written.", log_lines_lost());
	put_one(text, "comfymux_log_lines_muted_total", METRIC_COUNTER_U64,
		"Error log lines kept back because there were too many alike.", log_lines_muted());
	put_one(text, "comfymux_access_log_lines_lost_total", METRIC_COUNTER_U64,
		"Access log lines that could not be written.", proxy_access_lines_lost());
	put_one(text, "comfymux_buffer_bytes", METRIC_GAUGE_U64, "Memory in buffers.",
		buf_bytes_in_use());
	metrics_family(text, "comfymux_build_info", "gauge", "Always 1.");
	metrics_sample(text, "comfymux_build_info", NONE, "version=\"" COMFYMUX_VERSION "\"", 1);
}

/* Names as Prometheus' own clients use them. */
static void put_process(struct text *text, const struct reload_status *status)
{
	struct process process;
	process_look(&process);
	metrics_family(text, "process_cpu_seconds_total", "counter", "CPU time, user and system.");
	text_puts(text, "process_cpu_seconds_total ");
	text_seconds(text, process.cpu_us);
	text_puts(text, "\n");
	put_one(text, "process_start_time_seconds", METRIC_GAUGE_US, "Start, since the epoch.",
		status->started_wall_us);
	put_one(text, "process_resident_memory_bytes", METRIC_GAUGE_U64, "Memory in use.",
		process.resident_bytes);
	put_one(text, "process_open_fds", METRIC_GAUGE_U64, "Open descriptors.", process.open_fds);
	put_one(text, "process_max_fds", METRIC_GAUGE_U64, "Most descriptors.", process.max_fds);
}

void metrics_page(
	struct text *text, const struct reload_status *status, const struct generation *generation)
{
	struct metric_object client = {&proxy_stats, NONE};
	metrics_table(text, client_metrics, COUNT_OF(client_metrics), &client, 1);
	put_closed(text);
	put_program(text);
	put_reloads(text, status);
	put_process(text, status);
	if (generation == NULL)
		return;
	metrics_pools(text, generation);
	metrics_workers(text, generation);
	metrics_fleets(text);
}
