/* jit_open and jit_check_config: any configuration, any path, any flags. No file can be opened meanwhile, so that nothing is left behind. */
#include "fuzz.h"

#include <sys/resource.h>

static void files_can_be_opened(int yes) {
  static struct rlimit usual;
  struct rlimit none;
  if (usual.rlim_max == 0) HOLDS(getrlimit(RLIMIT_NOFILE, &usual) == 0);
  none = usual;
  none.rlim_cur = 3;
  HOLDS(setrlimit(RLIMIT_NOFILE, yes ? &usual : &none) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in = {data, size};
  unsigned how = bits(&in);
  jit_open_options options = {.size = sizeof options, .flags = how & 0x0F};
  jit_engine *engine = NULL;
  jit_error *error = NULL;
  jit_text *found = NULL;
  jit_status status;
  if (how & 0x10) options.test_clock_ms = (int64_t)number(&in, 8);
  if (how & 0x20) options.reserved = (uint32_t)number(&in, 4);
  if (how & 0x40) options.config_path = text(&in);
  if (!(how & 0x80)) options.config = copied(in.at, in.left);
  files_can_be_opened(0);
  status = jit_check_config(&options, &found, &error);
  is_answered(status, error);
  HOLDS((found != NULL) == (status == JIT_OK));
  HOLDS(jit_text_free(found) == JIT_OK);
  error = NULL;
  status = jit_open(&options, &engine, &error);
  files_can_be_opened(1);
  is_answered(status, error);
  HOLDS((engine != NULL) == (status == JIT_OK));
  HOLDS(jit_close(engine, NULL) == JIT_OK);
  release(options.config);
  release(options.config_path);
  return 0;
}
