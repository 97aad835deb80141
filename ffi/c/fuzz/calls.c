/*
 * Every other export, and all of them one after the other: each input is a list of calls with handles that are open,
 * closed, of another kind, or made up, and with numbers of any size.
 */
#include "fuzz.h"

typedef union handle {
  jit_engine *engine;
  jit_text *text;
  jit_error *error;
} handle;

enum { SLOTS = 8, CALLS = 32 };

/* One engine goes from input to input until one of them closes it: opening takes longer than all else. */
static jit_engine *shared(void) {
  static jit_engine *engine = NULL;
  static unsigned calls = 0;
  uint64_t revision;
  if (calls++ % INPUTS_AN_ENGINE == 0 && engine != NULL) jit_close(engine, NULL);
  if (jit_revision(engine, &revision, NULL) != JIT_OK) engine = opened();
  return engine;
}

static uint64_t logged;

static void look(void *userdata, const jit_log_record *record) {
  HOLDS(userdata == &logged && record->size == sizeof *record);
  HOLDS(strlen(record->target.data) == record->target.len && strlen(record->message.data) == record->message.len);
  logged++;
}

static int32_t follow(void *userdata, uint64_t verified, uint64_t last) {
  *(uint64_t *)userdata += 1;
  return verified > last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  handle slots[SLOTS] = {{NULL}}, made[CALLS];
  input in = {data, size};
  size_t calls = 0, count = 0, at;
  while (in.left > 0 && calls++ < CALLS) {
    uint8_t which = (uint8_t)number(&in, 1);
    handle *slot = &slots[number(&in, 1) % SLOTS], *to = &slots[number(&in, 1) % SLOTS];
    jit_error *error = NULL;
    uint64_t revision = 7;
    jit_status status = JIT_OK;
    switch (which % 20) {
      case 0:
        to->engine = shared();
        break;
      case 1:
        status = jit_close(slot->engine, &error);
        if (status == JIT_OK) HOLDS(slot->engine == NULL || jit_revision(slot->engine, &revision, NULL) == JIT_UNAVAILABLE);
        break;
      case 2: {
        jit_str command = text(&in);
        status = jit_run(slot->engine, command, &to->text, &error);
        release(command);
        break;
      }
      case 3: {
        jit_str got = JIT_NO_STR;
        status = jit_text_get(slot->text, &got, &error);
        HOLDS((status == JIT_OK) == (got.data != NULL));
        HOLDS(status != JIT_OK || strlen(got.data) == got.len);
        break;
      }
      case 4:
        HOLDS(jit_text_free(slot->text) <= JIT_INVALID);
        break;
      case 5: {
        jit_query query = {.size = sizeof query, .principal = text(&in), .action = text(&in)};
        jit_decision decision = {.size = sizeof decision};
        /* Its error stays, for the calls about errors. */
        if (jit_check(slot->engine, &query, &decision, &to->error) == JIT_OK) is_decided(&decision);
        release(query.principal);
        release(query.action);
        break;
      }
      case 6: {
        size_t room = (size_t)number(&in, 2) % 4200;
        jit_error_info *info = calloc(1, room < sizeof(size_t) ? sizeof(size_t) : room);
        HOLDS(info != NULL);
        info->size = room;
        status = jit_error_get(slot->error, info);
        HOLDS(status <= JIT_INVALID && info->size == room);
        HOLDS(status != JIT_OK || strlen(info->problem.data) == info->problem.len);
        status = JIT_OK;
        free(info);
        break;
      }
      case 7:
        HOLDS(jit_error_free(slot->error) <= JIT_INVALID);
        break;
      case 8:
        status = jit_sync(slot->engine, which & 16 ? NULL : &revision, &error);
        break;
      case 9: {
        size_t room = (size_t)number(&in, 2) % 4200;
        jit_tick_info *info = calloc(1, room < sizeof(size_t) ? sizeof(size_t) : room);
        HOLDS(info != NULL);
        info->size = room;
        status = jit_tick(slot->engine, which & 16 ? NULL : info, &error);
        HOLDS(info->size == room);
        free(info);
        break;
      }
      case 10:
        status = jit_revision(slot->engine, which & 16 ? NULL : &revision, &error);
        break;
      case 11:
        status = jit_wait_revision(slot->engine, number(&in, 8), 0, which & 16 ? NULL : &revision, &error);
        break;
      case 12: {
        int64_t advance = (int64_t)number(&in, 8), wall = (int64_t)number(&in, 8);
        status = jit_test_clock(slot->engine, advance, wall, &error);
        break;
      }
      case 13:
        to->engine = (jit_engine *)(uintptr_t)number(&in, 8);
        break;
      case 14: {
        jit_str pointer = text(&in);
        status = jit_text_at(slot->text, pointer, &to->text, &error);
        release(pointer);
        break;
      }
      case 15:
        status = jit_set_log(which & 32 ? look : NULL, &logged, &error);
        break;
      case 16: {
        jit_str question = text(&in);
        status = jit_authorize(slot->engine, question, &to->text, &error);
        release(question);
        break;
      }
      case 17: {
        jit_str entities = text(&in);
        status = jit_set_entities(slot->engine, entities, (int64_t)number(&in, 8), &error);
        release(entities);
        break;
      }
      case 18: {
        jit_str command = text(&in);
        status = jit_run_watched(slot->engine, command, which & 32 ? follow : NULL, &logged, &to->text, &error);
        release(command);
        break;
      }
      default:
        *to = *slot;
    }
    is_answered(status, error);
    made[count++] = *to;
  }
  for (at = 0; at < count; at++) {
    /* Whatever it is, it can be freed once at most. */
    HOLDS(jit_text_free(made[at].text) <= JIT_INVALID && jit_error_free(made[at].error) <= JIT_INVALID);
  }
  return 0;
}
