/* jit_check: any question, in any mode, of any size. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char request[37], granted[37];
  jit_engine *engine = engine_of_the_day(request, granted);
  input in = {data, size};
  unsigned how = bits(&in);
  jit_query query = {.size = sizeof query, .mode = how & 3, .principal_kind = (how >> 2) & 3};
  jit_decision decision = {.size = sizeof decision};
  jit_error *error = NULL;
  jit_status status;
  if (how & 0x10) query.size = (size_t)number(&in, 8) % sizeof query;
  if (how & 0x20) decision.size = (size_t)number(&in, 8) % sizeof decision;
  query.principal = text(&in);
  query.action = text(&in);
  query.resource = text(&in);
  query.server = text(&in);
  status = jit_check(engine, &query, &decision, &error);
  is_answered(status, error);
  if (status == JIT_OK) {
    is_decided(&decision);
    HOLDS(decision.outcome != JIT_ALLOW || strcmp(decision.grant_id, granted) == 0);
  } else {
    HOLDS(decision.outcome == 0);
  }
  release(query.principal);
  release(query.action);
  release(query.resource);
  release(query.server);
  return 0;
}
