/* jit_check: any question, in any mode, of any size, with anything told besides. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char request[37], granted[37];
  jit_engine *engine = engine_of_the_day(request, granted);
  input in = {data, size};
  unsigned how = bits(&in);
  jit_query query = {.size = sizeof query, .mode = how & 3, .principal_kind = (how >> 2) & 3};
  jit_context context = {.size = sizeof context};
  jit_decision decision = {.size = sizeof decision};
  jit_error *error = NULL;
  jit_status status;
  if (how & 0x10) query.size = (size_t)number(&in, 8) % sizeof query;
  if (how & 0x20) decision.size = (size_t)number(&in, 8) % sizeof decision;
  query.principal = text(&in);
  query.action = text(&in);
  query.resource = text(&in);
  query.parent = text(&in);
  if (how & 0x40) {
    if (how & 0x80) context.size = (size_t)number(&in, 8) % sizeof context;
    context.mfa = (uint32_t)number(&in, 1);
    context.reserved = (uint32_t)number(&in, 1) ^ ' ';
    context.auth_time = (int64_t)number(&in, 8);
    context.amr = text(&in);
    context.acr = text(&in);
    context.address = text(&in);
    context.session = text(&in);
    context.acts_for = text(&in);
    query.context = &context;
  }
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
  release(query.parent);
  release(context.amr);
  release(context.acr);
  release(context.address);
  release(context.session);
  return 0;
}
