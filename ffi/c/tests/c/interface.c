/*
 * What the header promises, tried from C11 and from C++17: the same file is compiled as both.
 *
 * usage: interface <empty folder> [no-fork]
 *
 * A child holds what the stacks of its parent's other threads pointed to, which is a leak to every tool that looks there.
 * Leaks are looked for without forks, and sanitizers run without them: their allocator is not made for a fork.
 */
#include <jit_access.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures;

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);          \
      failures++;                                                                            \
    }                                                                                        \
  } while (0)

static jit_str text(const char *bytes) {
  jit_str made;
  made.data = bytes;
  made.len = bytes == NULL ? 0 : strlen(bytes);
  return made;
}

#define ROLES                                                                                        \
  "jit_access: {approver_roles: [lead], auditor_roles: [auditor], "                                  \
  "roles: {deployer: {permissions: [tools.*]}}"
static const char MEMORY[] = ROLES "}";

static jit_status open_with(const char *config, uint32_t flags, jit_engine **engine, jit_error **error) {
  jit_open_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.flags = flags;
  options.config = text(config);
  options.test_clock_ms = 1800000000000;
  return jit_open(&options, engine, error);
}

static jit_query question(const char *principal, const char *action) {
  jit_query query;
  memset(&query, 0, sizeof query);
  query.size = sizeof query;
  query.principal = text(principal);
  query.action = text(action);
  return query;
}

static jit_decision no_decision(void) {
  jit_decision decision;
  memset(&decision, 0, sizeof decision);
  decision.size = sizeof decision;
  return decision;
}

static uint32_t outcome(jit_engine *engine, const char *principal, const char *action) {
  jit_query query = question(principal, action);
  jit_decision decision = no_decision();
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK);
  return decision.outcome;
}

/* Copies the field of a JSON answer that is text, so that the tests need no JSON library. */
static void field_of(const char *json, const char *name, char *out, size_t room) {
  char key[64];
  const char *at;
  size_t length = 0;
  snprintf(key, sizeof key, "\"%s\":\"", name);
  at = strstr(json, key);
  CHECK(at != NULL);
  if (at != NULL) {
    at += strlen(key);
    while (at[length] != '"' && length + 1 < room) length++;
    memcpy(out, at, length);
  }
  out[length] = '\0';
}

/* Runs a command that must succeed; gives a field of the answer. */
static void run(jit_engine *engine, const char *command, const char *name, char *out, size_t room) {
  jit_text *json = NULL;
  jit_error *error = NULL;
  jit_str answer;
  jit_status status = jit_run(engine, text(command), &json, &error);
  CHECK(status == JIT_OK);
  if (status != JIT_OK) {
    jit_error_info info;
    info.size = sizeof info;
    if (jit_error_get(error, &info) == JIT_OK) fprintf(stderr, "%s\n%s\n", command, info.message.data);
    CHECK(jit_error_free(error) == JIT_OK);
    exit(1);
  }
  CHECK(jit_text_get(json, &answer, NULL) == JIT_OK);
  CHECK(answer.data[answer.len] == '\0' && strlen(answer.data) == answer.len);
  if (name != NULL) field_of(answer.data, name, out, room);
  CHECK(jit_text_free(json) == JIT_OK);
}

/* Fails with this status and code, and frees what there is to free. */
static void refused(jit_status status, jit_error **from, jit_status expected, const char *code) {
  jit_error *error = *from;
  jit_error_info info;
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  CHECK(status == expected);
  CHECK(jit_error_get(error, &info) == JIT_OK);
  CHECK(info.status == expected);
  CHECK(info.code.data != NULL && strcmp(info.code.data, code) == 0);
  CHECK(info.message.data != NULL && strlen(info.message.data) == info.message.len);
  CHECK(info.problem.data != NULL && strstr(info.problem.data, code) != NULL);
  if (info.code.data == NULL || strcmp(info.code.data, code) != 0) {
    fprintf(stderr, "status %d: %s, and not %s\n", (int)status, info.message.data ? info.message.data : "?", code);
  }
  CHECK(jit_error_free(error) == JIT_OK);
  CHECK(jit_error_free(error) == JIT_INVALID);
  CHECK(jit_error_get(error, &info) == JIT_INVALID);
}

static void grant(jit_engine *engine, const char *principal, char *grant_id, size_t room) {
  char id[64], command[512];
  snprintf(command, sizeof command,
           "{\"command\":\"submit\",\"caller\":{\"principal\":\"%s\"},\"role\":\"deployer\",\"duration_hours\":1,"
           "\"reason\":\"a test\"}",
           principal);
  run(engine, command, "id", id, sizeof id);
  snprintf(command, sizeof command,
           "{\"command\":\"approve\",\"caller\":{\"principal\":\"boss\",\"roles\":[\"lead\"]},\"request\":\"%s\"}", id);
  run(engine, command, "grant_id", grant_id, room);
}

static void take_away(jit_engine *engine, const char *grant_id) {
  char command[512];
  snprintf(command, sizeof command,
           "{\"command\":\"revoke\",\"caller\":{\"principal\":\"boss\",\"roles\":[\"lead\"]},\"grant\":\"%s\","
           "\"reason\":\"a test\"}",
           grant_id);
  run(engine, command, NULL, NULL, 0);
}

static void versions_agree(void) {
  CHECK(jit_abi_version() == JIT_ABI_VERSION);
  CHECK(strlen(jit_version()) >= 5);
}

static void a_story(void) {
  jit_engine *engine = NULL;
  jit_decision decision = no_decision();
  jit_query query = question("dev@example.com", "tools.deploy");
  jit_tick_info tick;
  char grant_id[64], before[sizeof decision.grant_id];
  uint64_t revision = 0, later = 0;
  CHECK(open_with(MEMORY, JIT_OPEN_TEST_CLOCK, &engine, NULL) == JIT_OK);
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_NOT_APPLICABLE);
  CHECK(jit_revision(engine, &revision, NULL) == JIT_OK && revision == 0);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK);
  CHECK(decision.outcome == JIT_ALLOW && decision.reason == JIT_REASON_GRANTED);
  CHECK(strcmp(decision.grant_id, grant_id) == 0);
  CHECK(decision.valid_until_ms == 1800000000000 + 3600000);
  CHECK(jit_revision(engine, &later, NULL) == JIT_OK && later > revision && decision.revision == later);
  memcpy(before, decision.grant_id, sizeof before);
  query.mode = JIT_CHECK_CURRENT;
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_ALLOW);
  query.mode = JIT_CHECK_PEEK;
  query.resource = text("tool:deploy");
  query.parent = text("server:prod");
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_ALLOW);
  query.principal_kind = JIT_AGENT;
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_NOT_APPLICABLE);
  CHECK(decision.grant_id[0] == '\0' && decision.reason == JIT_REASON_NO_GRANT);
  memset(&tick, 0, sizeof tick);
  tick.size = sizeof tick;
  CHECK(jit_tick(engine, &tick, NULL) == JIT_OK);
  CHECK(tick.next_ms == 1800000000000 + 3600000);
  CHECK(jit_tick(engine, NULL, NULL) == JIT_OK && jit_sync(engine, NULL, NULL) == JIT_OK);
  CHECK(jit_test_clock(engine, 3600000 - 1, 0, NULL) == JIT_OK);
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_ALLOW);
  CHECK(jit_test_clock(engine, 1, 0, NULL) == JIT_OK);
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_NOT_APPLICABLE);
  CHECK(jit_test_clock(engine, -1, 0, NULL) == JIT_INVALID);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_ALLOW);
  take_away(engine, grant_id);
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_NOT_APPLICABLE);
  run(engine, "{\"command\":\"verify\"}", NULL, NULL, 0);
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

typedef struct progress_seen {
  unsigned calls;
  uint64_t verified, last;
  int answer;
} progress_seen;

static int32_t note_progress(void *userdata, uint64_t verified, uint64_t last) {
  progress_seen *seen = (progress_seen *)userdata;
  seen->calls += 1;
  seen->verified = verified;
  seen->last = last;
  return seen->answer;
}

static void who_verifies_is_told_how_far_it_is(void) {
  jit_engine *engine = NULL;
  jit_text *json = NULL;
  jit_error *error = NULL;
  jit_str answer;
  progress_seen seen = {0, 0, 0, 0};
  char grant_id[64];
  CHECK(open_with(ROLES "}", JIT_OPEN_NO_THREAD, &engine, NULL) == JIT_OK);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  CHECK(jit_run_watched(engine, text("{\"command\":\"verify\"}"), note_progress, &seen, &json, NULL) == JIT_OK);
  CHECK(seen.calls > 0 && seen.verified == seen.last && seen.last > 0);
  CHECK(jit_text_get(json, &answer, NULL) == JIT_OK && strtoull(answer.data, NULL, 10) == seen.last);
  CHECK(jit_text_free(json) == JIT_OK);
  seen.answer = 1;
  json = NULL;
  CHECK(jit_run_watched(engine, text("{\"command\":\"verify\"}"), note_progress, &seen, &json, &error) == JIT_UNAVAILABLE);
  CHECK(json == NULL && jit_error_free(error) == JIT_OK);
  CHECK(jit_run_watched(engine, text("{\"command\":\"head\",\"caller\":{\"principal\":\"l\",\"roles\":[\"lead\"]}}"), NULL, NULL,
                        &json, NULL) == JIT_OK);
  CHECK(jit_text_free(json) == JIT_OK);
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

static void errors_say_what_to_do(void) {
  jit_engine *engine = NULL;
  jit_error *error = NULL;
  jit_text *json = NULL;
  CHECK(open_with(MEMORY, JIT_OPEN_TEST_CLOCK, &engine, NULL) == JIT_OK);
  refused(jit_run(engine, text("{\"command\":\"submit\",\"caller\":{\"principal\":\"a\"},\"role\":\"deployer\"}"), &json,
                  &error),
          &error, JIT_INVALID, JIT_CODE_JUSTIFICATION_REQUIRED);
  refused(jit_run(engine, text("{\"command\":\"audit\",\"caller\":{\"principal\":\"a\"}}"), &json, &error), &error,
          JIT_REFUSED, JIT_CODE_NOT_AN_AUDITOR);
  refused(jit_run(engine,
                  text("{\"command\":\"grant\",\"caller\":{\"principal\":\"a\"},"
                       "\"id\":\"0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b\"}"),
                  &json, &error),
          &error, JIT_NOT_FOUND, JIT_CODE_UNKNOWN_GRANT);
  refused(jit_run(engine, text("{\"command\":\"verify\",\"deep\":true}"), &json, &error), &error, JIT_INVALID,
          JIT_CODE_INVALID);
  refused(jit_run(engine, text(""), &json, &error), &error, JIT_INVALID, JIT_CODE_INVALID);
  CHECK(json == NULL);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  refused(open_with("jit_access: {approver_role: [x]}", 0, &engine, &error), &error, JIT_INVALID, JIT_CODE_INVALID);
  refused(open_with(ROLES ", store: {path: /nonexistent/jit.db}}", 0, &engine, &error), &error, JIT_INVALID,
          JIT_CODE_INVALID);
}

static void what_is_not_right_is_refused_and_nothing_is_written(void) {
  static const size_t sizes[] = {0, 1, 7, 8, 79, 83, 4097, (size_t)-1};
  jit_engine *engine = NULL, *other = NULL;
  jit_error *error = NULL;
  jit_text *json = NULL;
  jit_open_options options;
  jit_query query, two[2];
  jit_context context;
  jit_decision decision, decisions[2], untouched;
  jit_str str;
  char grant_id[64];
  size_t at;
  CHECK(open_with(MEMORY, JIT_OPEN_TEST_CLOCK, &engine, NULL) == JIT_OK);
  /* The action and the resource are read only for somebody who may hold a grant. */
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  memset(&untouched, 0xA5, sizeof untouched);
  untouched.size = sizeof untouched;
  decision = untouched;
  query = question("dev@example.com", "tools.deploy");

#define REFUSED(call)                                                         \
  do {                                                                        \
    error = NULL;                                                             \
    refused((call), &error, JIT_INVALID, JIT_CODE_INVALID);                    \
    CHECK(memcmp(&decision, &untouched, sizeof decision) == 0);               \
  } while (0)

  REFUSED(jit_check(NULL, &query, &decision, &error));
  REFUSED(jit_check(engine, NULL, &decision, &error));
  REFUSED(jit_check(engine, &query, NULL, &error));
  for (at = 0; at < sizeof sizes / sizeof *sizes; at++) {
    query.size = sizes[at];
    REFUSED(jit_check(engine, &query, &decision, &error));
    query.size = sizeof query;
    if (sizes[at] == 79 || sizes[at] == 83) continue; /* of a later header */
    decision.size = sizes[at];
    CHECK(jit_check(engine, &query, &decision, NULL) == JIT_INVALID);
    decision.size = sizeof decision;
    CHECK(memcmp(&decision, &untouched, sizeof decision) == 0);
  }
  query.mode = 3;
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.mode = JIT_CHECK;
  query.principal_kind = 2;
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.principal_kind = JIT_USER;
  query.principal = text(NULL);
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.principal.len = 5;
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.principal = text("");
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.principal = text("caf\xe9");
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.principal.data = "a\0b";
  query.principal.len = 3;
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.principal.data = "a";
  query.principal.len = (size_t)-1;
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.principal = text("dev@example.com");
  query.parent = text("server:of-no-resource");
  REFUSED(jit_check(engine, &query, &decision, &error));
  query.parent = text(NULL);
  query.action = text("no such.action");
  REFUSED(jit_check(engine, &query, &decision, &error));

  memset(&context, 0, sizeof context);
  context.size = sizeof context;
  query = question("dev@example.com", "tools.deploy");
  query.context = &context;
  for (at = 0; at < sizeof sizes / sizeof *sizes; at++) {
    context.size = sizes[at];
    REFUSED(jit_check(engine, &query, &decision, &error));
  }
  context.size = sizeof context;
  context.reserved = 1;
  REFUSED(jit_check(engine, &query, &decision, &error));
  context.reserved = 0;
  context.auth_time = -1;
  REFUSED(jit_check(engine, &query, &decision, &error));
  context.auth_time = INT64_MAX;
  REFUSED(jit_check(engine, &query, &decision, &error));
  context.auth_time = 0;
  context.amr = text("pwd \xff");
  REFUSED(jit_check(engine, &query, &decision, &error));
  context.amr = text(NULL);
  context.acr.len = 5;
  REFUSED(jit_check(engine, &query, &decision, &error));
  context.acr = text(NULL);
  context.address = text("no address");
  REFUSED(jit_check(engine, &query, &decision, &error));
  context.address = text("2001:db8::1");
  context.session.data = "a\0b";
  context.session.len = 3;
  REFUSED(jit_check(engine, &query, &decision, &error));
  context.session.len = 1;
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_ALLOW);
  decision = untouched;
  /* A program of the first header: what follows its struct is not looked at. */
  query.size = offsetof(jit_query, context);
  context.size = 0;
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_ALLOW);
  decision = untouched;

  two[0] = question("dev@example.com", "tools.deploy");
  two[1] = two[0];
  decisions[0] = decisions[1] = no_decision();
  CHECK(jit_check_many(engine, two, 2, decisions, NULL) == JIT_OK);
  CHECK(decisions[0].outcome == JIT_ALLOW && decisions[1].outcome == JIT_ALLOW);
  CHECK(jit_check_many(engine, NULL, 0, NULL, NULL) == JIT_OK);
  CHECK(jit_check_many(engine, NULL, 1, decisions, NULL) == JIT_INVALID);
  CHECK(jit_check_many(engine, two, (size_t)-1, decisions, NULL) == JIT_INVALID);
  decisions[0] = decisions[1] = no_decision();
  two[1].action = text("");
  CHECK(jit_check_many(engine, two, 2, decisions, NULL) == JIT_INVALID);
  CHECK(decisions[0].outcome == 0 && decisions[1].outcome == 0);

  CHECK(jit_run(engine, text(NULL), &json, NULL) == JIT_INVALID);
  CHECK(jit_run(engine, text("{\"command\":\"verify\"}"), NULL, NULL) == JIT_INVALID);
  CHECK(jit_text_get(NULL, &str, NULL) == JIT_INVALID && jit_text_free(NULL) == JIT_OK);
  CHECK(jit_error_get(NULL, NULL) == JIT_INVALID && jit_error_free(NULL) == JIT_OK);
  CHECK(jit_open(NULL, &other, NULL) == JIT_INVALID);
  CHECK(jit_check_config(NULL, &json, NULL) == JIT_INVALID);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  CHECK(jit_check_config(&options, &json, NULL) == JIT_INVALID);
  options.config = text("jit_access: {enabeld: true, max_duration_hours: -1}");
  CHECK(jit_check_config(&options, NULL, NULL) == JIT_INVALID);
  CHECK(jit_check_config(&options, &json, NULL) == JIT_OK);
  CHECK(jit_text_get(json, &str, NULL) == JIT_OK);
  CHECK(strstr(str.data, "jit_access.enabeld") != NULL && strstr(str.data, "jit_access.max_duration_hours") != NULL);
  CHECK(jit_text_free(json) == JIT_OK);
  options.config = text(MEMORY);
  CHECK(jit_check_config(&options, &json, NULL) == JIT_OK);
  CHECK(jit_text_get(json, &str, NULL) == JIT_OK && strstr(str.data, "\"errors\":[]") != NULL);
  CHECK(jit_text_free(json) == JIT_OK);
  options.config_path = text("/nowhere/jit.yaml");
  CHECK(jit_check_config(&options, &json, NULL) == JIT_INVALID);
  options.config = text(NULL);
  CHECK(jit_check_config(&options, &json, NULL) == JIT_INVALID);
  json = NULL;
  memset(&options, 0, sizeof options);
  CHECK(jit_open(&options, &other, NULL) == JIT_INVALID);
  options.size = sizeof options;
  CHECK(jit_open(&options, &other, NULL) == JIT_INVALID);
  options.config = text(MEMORY);
  CHECK(jit_open(&options, NULL, NULL) == JIT_INVALID);
  options.flags = 8;
  CHECK(jit_open(&options, &other, NULL) == JIT_INVALID);
  options.flags = 0;
  options.config_path = text("both.yaml");
  CHECK(jit_open(&options, &other, NULL) == JIT_INVALID);
  options.config = text(NULL);
  options.config_path.data = "a\0b";
  options.config_path.len = 3;
  CHECK(jit_open(&options, &other, NULL) == JIT_INVALID);
  CHECK(other == NULL);
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

static void a_name_that_is_closed_finds_nothing(void) {
  jit_engine *engine = NULL;
  jit_error *error = NULL;
  jit_text *json = NULL;
  jit_str str;
  jit_query query = question("dev@example.com", "tools.deploy");
  jit_decision decision = no_decision();
  uint64_t revision = 7;
  CHECK(open_with(MEMORY, 0, &engine, NULL) == JIT_OK);
  CHECK(jit_run(engine, text("{\"command\":\"verify\"}"), &json, NULL) == JIT_OK);
  CHECK(jit_check((jit_engine *)json, &query, &decision, NULL) == JIT_INVALID);
  CHECK(jit_close((jit_engine *)json, NULL) == JIT_INVALID);
  CHECK(jit_text_free((jit_text *)engine) == JIT_INVALID);
  CHECK(jit_text_free(json) == JIT_OK && jit_text_free(json) == JIT_INVALID);
  CHECK(jit_text_get(json, &str, NULL) == JIT_INVALID);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  refused(jit_close(engine, &error), &error, JIT_INVALID, JIT_CODE_INVALID);
  refused(jit_check(engine, &query, &decision, &error), &error, JIT_UNAVAILABLE, JIT_CODE_UNAVAILABLE);
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_UNAVAILABLE && decision.outcome == 0);
  CHECK(jit_check_many(engine, &query, 1, &decision, NULL) == JIT_UNAVAILABLE);
  CHECK(jit_run(engine, text("{\"command\":\"verify\"}"), &json, NULL) == JIT_UNAVAILABLE);
  CHECK(jit_tick(engine, NULL, NULL) == JIT_UNAVAILABLE && jit_sync(engine, NULL, NULL) == JIT_UNAVAILABLE);
  CHECK(jit_revision(engine, &revision, NULL) == JIT_UNAVAILABLE && revision == 7);
  CHECK(jit_wait_revision(engine, 0, 1000000, &revision, NULL) == JIT_UNAVAILABLE);
  CHECK(jit_test_clock(engine, 1, 0, NULL) == JIT_UNAVAILABLE);
  CHECK(jit_close((jit_engine *)(uintptr_t)0xdeadbeef, NULL) == JIT_INVALID);
  CHECK(jit_check((jit_engine *)(uintptr_t)0xdeadbeef, &query, &decision, NULL) == JIT_INVALID);
  CHECK(jit_check(NULL, &query, &decision, NULL) == JIT_INVALID);
  CHECK(jit_close(NULL, NULL) == JIT_OK);
}

static uint64_t seen; /* set before the thread starts */

static void *wait_for_change(void *engine) {
  uint64_t revision = 0;
  CHECK(jit_wait_revision((jit_engine *)engine, seen, 60000, &revision, NULL) == JIT_OK);
  CHECK(revision > seen);
  return NULL;
}

static void *wait_for_the_end(void *engine) {
  uint64_t revision = 0;
  jit_status status = jit_wait_revision((jit_engine *)engine, 1000000, 600000, &revision, NULL);
  CHECK(status == JIT_OK || status == JIT_UNAVAILABLE);
  return NULL;
}

static void changes_wake_who_waits_and_so_does_the_end(void) {
  jit_engine *engine = NULL;
  pthread_t thread;
  char grant_id[64];
  uint64_t revision = 0;
  CHECK(open_with(MEMORY, 0, &engine, NULL) == JIT_OK);
  CHECK(pthread_create(&thread, NULL, wait_for_change, engine) == 0);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(jit_revision(engine, &revision, NULL) == JIT_OK);
  CHECK(jit_wait_revision(engine, revision + 1000, 1, &revision, NULL) == JIT_OK);
  CHECK(pthread_create(&thread, NULL, wait_for_the_end, engine) == 0);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  CHECK(pthread_join(thread, NULL) == 0);
}

static void *ask_until_it_is_closed(void *engine) {
  unsigned long asked = 0;
  for (;;) {
    jit_query query = question("dev@example.com", "tools.deploy");
    jit_decision decision = no_decision();
    jit_error *error = NULL;
    jit_status status;
    query.mode = asked % 256 == 0 ? JIT_CHECK : JIT_CHECK_PEEK; /* few uses: each is sealed into the journal */
    status = jit_check((jit_engine *)engine, &query, &decision, &error);
    if (status != JIT_OK) {
      refused(status, &error, JIT_UNAVAILABLE, JIT_CODE_UNAVAILABLE);
      return (void *)asked;
    }
    CHECK(decision.outcome == JIT_ALLOW);
    asked++;
  }
}

static void threads_share_an_engine_that_one_of_them_closes(void) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  int round, at;
  for (round = 0; round < 3; round++) {
    jit_engine *engine = NULL;
    char grant_id[64];
    CHECK(open_with(MEMORY, 0, &engine, NULL) == JIT_OK);
    grant(engine, "dev@example.com", grant_id, sizeof grant_id);
    for (at = 0; at < THREADS; at++) CHECK(pthread_create(&threads[at], NULL, ask_until_it_is_closed, engine) == 0);
    for (at = 0; at < 5; at++) CHECK(jit_tick(engine, NULL, NULL) == JIT_OK);
    CHECK(jit_close(engine, NULL) == JIT_OK);
    for (at = 0; at < THREADS; at++) CHECK(pthread_join(threads[at], NULL) == 0);
  }
}

/* Runs `work` in a child; it must end with no failure. */
static void in_child(void (*work)(jit_engine *), jit_engine *engine) {
  int status = 0;
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    failures = 0;
    work(engine);
    _exit(failures == 0 ? 0 : 1);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void work_and_close(jit_engine *engine) {
  char grant_id[64];
  uint64_t revision;
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_ALLOW);
  CHECK(jit_sync(engine, &revision, NULL) == JIT_OK);
  grant(engine, "child@example.com", grant_id, sizeof grant_id);
  CHECK(outcome(engine, "child@example.com", "tools.deploy") == JIT_ALLOW);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  CHECK(jit_close(engine, NULL) == JIT_INVALID);
}

static void close_at_once(jit_engine *engine) {
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

/* The thread that would have told of changes stayed in the parent: the child has its own. */
static void wait_in_a_child(jit_engine *engine) {
  pthread_t thread;
  char grant_id[64];
  uint64_t revision = 0;
  int patience = 1000;
  /* The parent goes on, and may write down a use that it still holds: that is a change, and then the wait begins anew. */
  do {
    CHECK(jit_revision(engine, &seen, NULL) == JIT_OK);
    CHECK(jit_wait_revision(engine, seen, 1, &revision, NULL) == JIT_OK);
  } while (revision != seen && --patience > 0);
  CHECK(revision == seen);
  CHECK(pthread_create(&thread, NULL, wait_for_change, engine) == 0);
  grant(engine, "waiting@example.com", grant_id, sizeof grant_id);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(pthread_create(&thread, NULL, wait_for_the_end, engine) == 0);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  CHECK(pthread_join(thread, NULL) == 0);
}

static void fork_again(jit_engine *engine) {
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_ALLOW);
  in_child(work_and_close, engine);
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

static void a_child_works_on_its_own_connections(const char *folder) {
  jit_engine *engine = NULL;
  char config[512], grant_id[64];
  jit_query query = question("child@example.com", "tools.deploy");
  jit_decision decision = no_decision();
  int round;
  snprintf(config, sizeof config, ROLES ", store: {path: \"%s/fork.db\"}}", folder);
  CHECK(open_with(config, 0, &engine, NULL) == JIT_OK);
  in_child(close_at_once, engine);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  for (round = 0; round < 3; round++) {
    in_child(work_and_close, engine);
    query.mode = JIT_CHECK_CURRENT;
    CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_ALLOW);
    in_child(fork_again, engine);
    in_child(wait_in_a_child, engine);
    in_child(close_at_once, engine);
  }
  run(engine, "{\"command\":\"verify\"}", NULL, NULL, 0);
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

/* What the callback has seen. It runs on other threads, one call at a time. */
typedef struct seen_logs {
  pthread_mutex_t lock;
  pthread_cond_t more;
  jit_engine *engine;
  char text[4096];
} seen_logs;

static void see(void *userdata, const jit_log_record *record) {
  seen_logs *logs = (seen_logs *)userdata;
  jit_query query = question("dev@example.com", "tools.deploy");
  jit_decision decision = no_decision();
  jit_engine *engine;
  size_t length;
  CHECK(record->size >= sizeof *record);
  CHECK(record->level >= JIT_LOG_ERROR && record->level <= JIT_LOG_INFO);
  CHECK(strlen(record->message.data) == record->message.len && record->message.len > 0);
  CHECK(strncmp(record->target.data, "jit_access", 10) == 0);
  CHECK(record->fields.data[0] == '{' && record->fields.data[record->fields.len] == '\0');
  /* One record is one line, whatever is in it. */
  CHECK(strpbrk(record->message.data, "\n\r\v\f\033") == NULL && strpbrk(record->fields.data, "\n\r\v\f\033") == NULL);
  /* It may call the library; the engine may be closing. */
  pthread_mutex_lock(&logs->lock);
  engine = logs->engine;
  pthread_mutex_unlock(&logs->lock);
  if (engine != NULL) (void)jit_check(engine, &query, &decision, NULL);
  pthread_mutex_lock(&logs->lock);
  length = strlen(logs->text);
  snprintf(logs->text + length, sizeof logs->text - length, "%s\n", record->message.data);
  pthread_cond_broadcast(&logs->more);
  pthread_mutex_unlock(&logs->lock);
}

/* The engine that the callback asks; none when NULL. */
static void use_in_callback(seen_logs *logs, jit_engine *engine) {
  pthread_mutex_lock(&logs->lock);
  logs->engine = engine;
  pthread_mutex_unlock(&logs->lock);
}

static void wait_for_log(seen_logs *logs, const char *message) {
  struct timespec until;
  int status = 0;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 60;
  pthread_mutex_lock(&logs->lock);
  while (strstr(logs->text, message) == NULL && status == 0) status = pthread_cond_timedwait(&logs->more, &logs->lock, &until);
  CHECK(strstr(logs->text, message) != NULL);
  pthread_mutex_unlock(&logs->lock);
}

static int has_log(seen_logs *logs, const char *message) {
  int found;
  pthread_mutex_lock(&logs->lock);
  found = strstr(logs->text, message) != NULL;
  pthread_mutex_unlock(&logs->lock);
  return found;
}

static void log_records_reach_the_callback(const char *folder) {
  static seen_logs logs = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, ""};
  jit_engine *engine = NULL;
  jit_query query = question("dev@example.com", "tools.deploy");
  jit_decision decision = no_decision();
  char config[1024], file[512], moved[512], grant_id[64];
  FILE *no_folder;
  snprintf(file, sizeof file, "%s/logged.db", folder);
  snprintf(moved, sizeof moved, "%s/moved.db", folder);
  CHECK(jit_set_log(see, &logs, NULL) == JIT_OK);

  /* A folder for checkpoints that is no folder, and whose name is another record. */
  snprintf(config, sizeof config, "%s/x\nERROR jit_access: the store is whole", folder);
  no_folder = fopen(config, "w");
  CHECK(no_folder != NULL && fclose(no_folder) == 0);
  snprintf(config, sizeof config,
           ROLES ", store: {path: \"%s/forged.db\"}, journal: {checkpoint_folder: \"%s/x\\nERROR jit_access: the store is whole\"}}",
           folder, folder);
  CHECK(open_with(config, 0, &engine, NULL) == JIT_OK);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  wait_for_log(&logs, "/x \342\217\216 ERROR jit_access: the store is whole");
  CHECK(jit_close(engine, NULL) == JIT_OK);

  snprintf(config, sizeof config,
           ROLES ", store: {path: \"%s\", busy_timeout_ms: 100}, service: {interval_ms: 5, max_staleness_ms: 0}}", file);
  CHECK(open_with(config, 0, &engine, NULL) == JIT_OK);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  CHECK(rename(file, moved) == 0);
  wait_for_log(&logs, "background work failed");
  query.mode = JIT_CHECK_CURRENT;
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.reason == JIT_REASON_STALE);
  wait_for_log(&logs, "the grants are not known to be current");
  use_in_callback(&logs, engine);
  CHECK(rename(moved, file) == 0);
  wait_for_log(&logs, "background work succeeds again");
  use_in_callback(&logs, NULL);
  CHECK(jit_close(engine, NULL) == JIT_OK);

  snprintf(config, sizeof config, ROLES ", store: {path: \"%s\", busy_timeout_ms: 100}, service: {waiting_uses: 1}}", file);
  CHECK(open_with(config, JIT_OPEN_NO_THREAD, &engine, NULL) == JIT_OK);
  query.mode = JIT_CHECK;
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_ALLOW);
  CHECK(rename(file, moved) == 0);
  CHECK(jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.reason == JIT_REASON_UNRECORDABLE);
  CHECK(has_log(&logs, "uses cannot be recorded")); /* before the call has returned */
  CHECK(rename(moved, file) == 0);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  CHECK(jit_set_log(NULL, NULL, NULL) == JIT_OK);
}

static void one_value_of_an_answer_is_found_by_its_pointer(void) {
  jit_engine *engine = NULL;
  jit_error *error = NULL;
  jit_text *json = NULL, *value = NULL;
  jit_str got;
  char grant_id[64];
  CHECK(open_with(MEMORY, 0, &engine, NULL) == JIT_OK);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  CHECK(jit_run(engine, text("{\"command\":\"live_grants\"}"), &json, NULL) == JIT_OK);
  CHECK(jit_text_at(json, text("/0/id"), &value, NULL) == JIT_OK && jit_text_get(value, &got, NULL) == JIT_OK);
  CHECK(strcmp(got.data, grant_id) == 0 && got.len == strlen(grant_id) && jit_text_free(value) == JIT_OK);
  CHECK(jit_text_at(json, text("/0/actions_taken"), &value, NULL) == JIT_OK && jit_text_get(value, &got, NULL) == JIT_OK);
  CHECK(strcmp(got.data, "0") == 0 && jit_text_free(value) == JIT_OK);
  value = NULL;
  refused(jit_text_at(json, text("/1"), &value, &error), &error, JIT_INVALID, JIT_CODE_INVALID);
  CHECK(value == NULL && jit_text_at(json, text(NULL), &value, NULL) == JIT_INVALID);
  CHECK(jit_text_free(json) == JIT_OK && jit_text_at(json, text(""), &value, NULL) == JIT_INVALID);
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

static void configurations_come_from_files_too(const char *folder) {
  jit_engine *engine = NULL;
  jit_open_options options;
  char path[512], store[512], grant_id[64];
  FILE *file;
  snprintf(path, sizeof path, "%s/jit.yaml", folder);
  snprintf(store, sizeof store, "%s/relative.db", folder);
  file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  fputs(ROLES ", store: {path: relative.db}}\n", file);
  fclose(file);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.config_path = text(path);
  CHECK(jit_open(&options, &engine, NULL) == JIT_OK);
  CHECK(access(store, R_OK) == 0);
  grant(engine, "dev@example.com", grant_id, sizeof grant_id);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  setenv("JIT_ENABLED", "false", 1);
  options.flags = JIT_OPEN_READ_ENVIRONMENT;
  CHECK(jit_open(&options, &engine, NULL) == JIT_OK);
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_NOT_APPLICABLE);
  CHECK(jit_close(engine, NULL) == JIT_OK);
  options.flags = 0;
  CHECK(jit_open(&options, &engine, NULL) == JIT_OK);
  CHECK(outcome(engine, "dev@example.com", "tools.deploy") == JIT_ALLOW);
  CHECK(jit_close(engine, NULL) == JIT_OK);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s <empty folder> [no-fork]\n", argv[0]);
    return 2;
  }
  versions_agree();
  a_story();
  who_verifies_is_told_how_far_it_is();
  errors_say_what_to_do();
  what_is_not_right_is_refused_and_nothing_is_written();
  a_name_that_is_closed_finds_nothing();
  changes_wake_who_waits_and_so_does_the_end();
  threads_share_an_engine_that_one_of_them_closes();
  if (argc == 2) a_child_works_on_its_own_connections(argv[1]);
  one_value_of_an_answer_is_found_by_its_pointer();
  configurations_come_from_files_too(argv[1]);
  log_records_reach_the_callback(argv[1]);
  if (failures == 0) puts("interface: all holds");
  return failures == 0 ? 0 : 1;
}
