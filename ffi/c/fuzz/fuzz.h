/*
 * What the fuzz targets share: bytes read as fields, and what holds after every call whatever it was given.
 *
 * Texts and structs are copied to places of exactly their length, so that AddressSanitizer sees one byte too many.
 */
#ifndef JIT_FUZZ_H
#define JIT_FUZZ_H

#include <jit_access.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An engine is used for so many inputs: what they leave in its journal must not fill the memory. */
#define INPUTS_AN_ENGINE 4096

#define HOLDS(condition)                                                                          \
  do {                                                                                            \
    if (!(condition)) {                                                                           \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);               \
      abort();                                                                                    \
    }                                                                                             \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
  const uint8_t *at;
  size_t left;
} input;

/* The next bytes as a number, little-endian; zeros when none are left. */
static inline uint64_t number(input *in, size_t bytes) {
  uint64_t value = 0;
  if (bytes > in->left) bytes = in->left;
  memcpy(&value, in->at, bytes);
  in->at += bytes;
  in->left -= bytes;
  return value;
}

/* A copy that ends where it ends; to be freed. */
static inline jit_str copied(const uint8_t *bytes, size_t len) {
  char *copy = malloc(len + (len == 0));
  HOLDS(copy != NULL);
  if (len > 0) memcpy(copy, bytes, len);
  return (jit_str){copy, len};
}

/* The next line as a text: an empty one is none, `""` is the empty text, and after a backslash stands any byte. */
static inline jit_str text(input *in) {
  uint8_t *line = malloc(in->left + 1);
  size_t len = 0;
  jit_str made;
  HOLDS(line != NULL);
  while (in->left > 0) {
    uint8_t byte = (uint8_t)number(in, 1);
    if (byte == '\n') break;
    line[len++] = byte == '\\' ? (uint8_t)number(in, 1) : byte;
  }
  made = len == 0 ? JIT_NO_STR : len == 2 && memcmp(line, "\"\"", 2) == 0 ? copied(line, 0) : copied(line, len);
  free(line);
  return made;
}

static inline void release(jit_str made) { free((void *)made.data); }

/* That a failure says what it is, in text, and is no panic. */
static inline void is_told(jit_status status, jit_error *error) {
  jit_error_info info = {.size = sizeof info};
  HOLDS(status > JIT_OK && status <= JIT_RATE_LIMITED && status != JIT_CORRUPT && status != JIT_INTERNAL);
  HOLDS(jit_error_get(error, &info) == JIT_OK && info.status == status);
  HOLDS(info.code.len > 0 && strlen(info.code.data) == info.code.len);
  HOLDS(info.message.len > 0 && info.message.data[info.message.len] == '\0');
  HOLDS(info.problem.len > 2 && strlen(info.problem.data) == info.problem.len);
  HOLDS(jit_error_free(error) == JIT_OK && jit_error_free(error) == JIT_INVALID);
}

/* The same, or that nothing was told. */
static inline void is_answered(jit_status status, jit_error *error) {
  if (status == JIT_OK) {
    HOLDS(error == NULL);
  } else {
    is_told(status, error);
  }
}

static inline void is_decided(const jit_decision *decision) {
  HOLDS(decision->outcome >= JIT_ALLOW && decision->outcome <= JIT_NOT_APPLICABLE);
  HOLDS(memchr(decision->grant_id, '\0', sizeof decision->grant_id) != NULL);
  HOLDS((decision->outcome == JIT_ALLOW) == (decision->grant_id[0] != '\0'));
}

static inline jit_engine *opened(void) {
  /* Few uses wait, so that little memory is asked for. */
  static const char config[] = "jit_access: {approver_roles: [lead], auditor_roles: [auditor], "
                               "roles: {deployer: {permissions: ['tools.*']}}, service: {waiting_uses: 16}}";
  jit_open_options options = {.size = sizeof options, .flags = JIT_OPEN_TEST_CLOCK, .config = {config, sizeof config - 1},
                              .test_clock_ms = 1800000000000};
  jit_engine *engine = NULL;
  HOLDS(jit_open(&options, &engine, NULL) == JIT_OK);
  return engine;
}

/* Runs a command and copies the id that follows `key` in the answer, if there is one. */
static inline jit_status run(jit_engine *engine, jit_str command, const char *key, char id[37], jit_error **error) {
  jit_text *json = NULL;
  jit_str answer;
  const char *at;
  jit_status status = jit_run(engine, command, &json, error);
  if (status != JIT_OK) {
    HOLDS(json == NULL);
    return status;
  }
  HOLDS(jit_text_get(json, &answer, NULL) == JIT_OK);
  HOLDS(answer.len > 0 && strlen(answer.data) == answer.len);
  at = strstr(answer.data, key);
  if (at != NULL && strlen(at) > strlen(key) + 36) memcpy(id, at + strlen(key), 36);
  HOLDS(jit_text_free(json) == JIT_OK && jit_text_free(json) == JIT_INVALID);
  return JIT_OK;
}

/* What to do, in bits; a space is none of them. */
static inline unsigned bits(input *in) { return (unsigned)number(in, 1) ^ ' '; }

/* Gives dev@example.com the role for an hour. */
static inline void grant(jit_engine *engine, char request[37], char granted[37]) {
  static const char submit[] =
      "{\"command\":\"submit\",\"caller\":{\"principal\":\"dev@example.com\"},\"role\":\"deployer\","
      "\"duration_hours\":1,\"reason\":\"a test\"}";
  char approve[256];
  HOLDS(run(engine, (jit_str){submit, sizeof submit - 1}, "\"id\":\"", request, NULL) == JIT_OK);
  snprintf(approve, sizeof approve,
           "{\"command\":\"approve\",\"caller\":{\"principal\":\"boss\",\"roles\":[\"lead\"]},\"request\":\"%s\"}", request);
  HOLDS(run(engine, (jit_str){approve, strlen(approve)}, "\"grant_id\":\"", granted, NULL) == JIT_OK);
}

/* The engine that the next input is for: a fresh one now and then, with a request and a grant. */
static inline jit_engine *engine_of_the_day(char request[37], char granted[37]) {
  static jit_engine *engine = NULL;
  static unsigned inputs = 0;
  if (inputs++ % INPUTS_AN_ENGINE == 0) {
    HOLDS(jit_close(engine, NULL) == JIT_OK);
    engine = opened();
    grant(engine, request, granted);
  }
  return engine;
}

#endif
