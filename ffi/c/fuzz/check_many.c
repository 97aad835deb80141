/* jit_check_many: any number of questions of any size, of a header that may be older or newer than the library. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char request[37], granted[37];
  jit_engine *engine = engine_of_the_day(request, granted);
  input in = {data, size};
  size_t count = (size_t)number(&in, 1) % 9, at;
  size_t query_size = (size_t)number(&in, 2) % 4200, decision_size = (size_t)number(&in, 2) % 4200;
  unsigned how = bits(&in);
  uint8_t *queries, *decisions;
  jit_str *texts = calloc(count * 4 + 1, sizeof *texts);
  jit_error *error = NULL;
  jit_status status;
  if (how & 1) query_size = sizeof(jit_query);
  if (how & 2) decision_size = sizeof(jit_decision);
  if (query_size < sizeof(size_t)) query_size = sizeof(size_t);
  if (decision_size < sizeof(size_t)) decision_size = sizeof(size_t);
  queries = calloc(count + 1, query_size);
  decisions = calloc(count + 1, decision_size);
  HOLDS(queries != NULL && decisions != NULL && texts != NULL);
  for (at = 0; at < count; at++) {
    jit_query query = {.size = query_size, .mode = bits(&in) & 3};
    jit_decision decision = {.size = decision_size};
    query.principal_kind = query.mode >> 1 & how >> 2;
    query.principal = texts[at * 4] = text(&in);
    query.action = texts[at * 4 + 1] = text(&in);
    query.resource = texts[at * 4 + 2] = text(&in);
    query.parent = texts[at * 4 + 3] = text(&in);
    if (at > 0 && how & 8) query.size ^= number(&in, 1);
    if (at > 0 && how & 16) decision.size ^= number(&in, 1);
    memcpy(queries + at * query_size, &query, query_size < sizeof query ? query_size : sizeof query);
    memcpy(decisions + at * decision_size, &decision, decision_size < sizeof decision ? decision_size : sizeof decision);
    if (how & 32 && query_size > sizeof query) queries[(at + 1) * query_size - 1] = (uint8_t)number(&in, 1);
  }
  /* The places end where the last item does. */
  queries = realloc(queries, count * query_size + (count == 0));
  decisions = realloc(decisions, count * decision_size + (count == 0));
  HOLDS(queries != NULL && decisions != NULL);
  status = jit_check_many(engine, (jit_query *)queries, count, (jit_decision *)decisions, &error);
  is_answered(status, error);
  for (at = 0; at < count; at++) {
    jit_decision decision = {.size = 0};
    memcpy(&decision, decisions + at * decision_size, decision_size < sizeof decision ? decision_size : sizeof decision);
    if (status == JIT_OK) {
      HOLDS(decision.size == decision_size);
      is_decided(&decision);
    } else {
      HOLDS(decision.outcome == 0);
    }
  }
  for (at = 0; at < count * 4; at++) release(texts[at]);
  free(texts);
  free(queries);
  free(decisions);
  return 0;
}
