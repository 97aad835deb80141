#include <jit_access.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(jit_engine *engine, const char *command, char id[37]) { /* says what came of it, and keeps its id */
  jit_text *json = NULL; jit_str text; char status[16] = "";
  if (jit_run(engine, (jit_str){command, strlen(command)}, &json, NULL) != JIT_OK) exit(1);
  jit_text_get(json, &text, NULL);
  sscanf(text.data, "{\"id\":\"%36[^\"]\",\"status\":\"%15[^\"]\"", id, status);
  printf("the request is %s\n", status);
  jit_text_free(json);
}

int main(void) {
  jit_engine *engine = NULL; char id[37] = "", approve[256];
  jit_open_options options = {.size = sizeof options, .config = JIT_STR("jit_access: {approver_roles: [lead], "
      "roles: {deployer: {permissions: [tools.deploy]}}}")};
  jit_query query = {.size = sizeof query, .principal = JIT_STR("dev@example.com"), .action = JIT_STR("tools.deploy")};
  jit_decision decision = {.size = sizeof decision};
  if (jit_open(&options, &engine, NULL) != JIT_OK) return 1;
  run(engine, "{\"command\": \"submit\", \"caller\": {\"principal\": \"dev@example.com\"}, "
      "\"role\": \"deployer\", \"duration_hours\": 1, \"reason\": \"hot fix\"}", id);
  snprintf(approve, sizeof approve, "{\"command\": \"approve\", \"request\": \"%s\", "
      "\"caller\": {\"principal\": \"ops@example.com\", \"roles\": [\"lead\"]}}", id);
  run(engine, approve, id);
  if (jit_check(engine, &query, &decision, NULL) == JIT_OK && decision.outcome == JIT_ALLOW) puts("allowed");
  return jit_close(engine, NULL);
}
