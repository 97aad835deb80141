#include <jit_access.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(jit_status status, jit_error *error) { /* says what went wrong and ends the program */
  jit_error_info info = {.size = sizeof info};
  if (status == JIT_OK) return;
  fprintf(stderr, "%s\n", jit_error_get(error, &info) == JIT_OK ? info.message.data : "unknown error");
  exit(EXIT_FAILURE);
}

static void run(jit_engine *engine, const char *command, const char *pointer, char *value, size_t room) {
  jit_error *error = NULL; jit_text *json = NULL, *at = NULL; jit_str text;
  check(jit_run(engine, (jit_str){command, strlen(command)}, &json, &error), error);
  check(jit_text_at(json, (jit_str){pointer, strlen(pointer)}, &at, &error), error);
  check(jit_text_get(at, &text, &error), error);
  snprintf(value, room, "%s", text.data);
  check(jit_text_free(at), NULL), check(jit_text_free(json), NULL);
}

int main(void) {
  jit_engine *engine = NULL; jit_error *error = NULL; char id[64], status[64], approve[256];
  jit_open_options options = {.size = sizeof options, .config = JIT_STR("jit_access: {approver_roles: [lead], "
      "roles: {deployer: {permissions: [tools.deploy]}}}")};
  jit_query query = {.size = sizeof query, .principal = JIT_STR("dev@example.com"), .action = JIT_STR("tools.deploy")};
  jit_decision decision = {.size = sizeof decision};
  check(jit_open(&options, &engine, &error), error);
  run(engine, "{\"command\": \"submit\", \"caller\": {\"principal\": \"dev@example.com\"}, "
      "\"role\": \"deployer\", \"duration_hours\": 1, \"reason\": \"hot fix\"}", "/id", id, sizeof id);
  snprintf(approve, sizeof approve, "{\"command\": \"approve\", \"request\": \"%s\", "
      "\"caller\": {\"principal\": \"ops@example.com\", \"roles\": [\"lead\"]}}", id);
  run(engine, approve, "/status", status, sizeof status);
  printf("the request is %s\n", status);
  check(jit_check(engine, &query, &decision, &error), error);
  puts(decision.outcome == JIT_ALLOW ? "allowed" : "not allowed");
  check(jit_close(engine, &error), error);
  return EXIT_SUCCESS;
}
