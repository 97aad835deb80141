/* jit_run: any command. In its text, ~r is the id of the last request and ~g that of the last grant. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char request[37], granted[37];
  jit_engine *engine = engine_of_the_day(request, granted);
  char *written = malloc(size * 18 + 1);
  size_t at, len = 0;
  jit_str command;
  jit_error *error = NULL;
  jit_status status;
  HOLDS(written != NULL);
  for (at = 0; at < size; at++) {
    const char *id = NULL;
    if (data[at] == '~' && at + 1 < size) id = data[at + 1] == 'r' ? request : data[at + 1] == 'g' ? granted : NULL;
    if (id == NULL) {
      written[len++] = (char)data[at];
    } else {
      memcpy(written + len, id, 36);
      len += 36;
      at++;
    }
  }
  command = copied((uint8_t *)written, len);
  status = run(engine, command, "{\"id\":\"", request, &error);
  is_answered(status, error);
  release(command);
  free(written);
  return 0;
}
