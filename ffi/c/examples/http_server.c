/*
 * The check inside an HTTP server: GET /<tool> with the header X-User is answered 200 while a grant gives that user
 * tools.<tool>, and 403 otherwise; POST /jit carries the body to jit_run. A real host authenticates: this one believes
 * the header, and the body.
 *
 * usage: http_server <port> <configuration file>      ends when its standard input does
 */
#include <jit_access.h>
#include <microhttpd.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct body {
  char bytes[65536];
  size_t len;
} body;

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, jit_str text) {
  struct MHD_Response *response =
      MHD_create_response_from_buffer(text.len, (void *)text.data, MHD_RESPMEM_MUST_COPY);
  enum MHD_Result queued;
  if (response == NULL) return MHD_NO;
  queued = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return queued;
}

static enum MHD_Result failed(struct MHD_Connection *connection, jit_error *error) {
  jit_error_info info = {.size = sizeof info};
  unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;
  enum MHD_Result queued;
  if (jit_error_get(error, &info) != JIT_OK) info.problem = JIT_STR("{}");
  if (info.status == JIT_INVALID) status = MHD_HTTP_BAD_REQUEST;
  if (info.status == JIT_REFUSED) status = MHD_HTTP_FORBIDDEN;
  if (info.status == JIT_NOT_FOUND) status = MHD_HTTP_NOT_FOUND;
  if (info.status == JIT_CONFLICT) status = MHD_HTTP_CONFLICT;
  if (info.status == JIT_RATE_LIMITED) status = MHD_HTTP_TOO_MANY_REQUESTS;
  if (info.status == JIT_UNAVAILABLE) status = MHD_HTTP_SERVICE_UNAVAILABLE;
  queued = answer(connection, status, info.problem);
  jit_error_free(error);
  return queued;
}

static enum MHD_Result run(struct MHD_Connection *connection, jit_engine *engine, const body *sent) {
  jit_text *json = NULL;
  jit_error *error = NULL;
  jit_str text;
  enum MHD_Result queued;
  if (jit_run(engine, (jit_str){sent->bytes, sent->len}, &json, &error) != JIT_OK) return failed(connection, error);
  if (jit_text_get(json, &text, &error) != JIT_OK) {
    jit_text_free(json);
    return failed(connection, error);
  }
  queued = answer(connection, MHD_HTTP_OK, text);
  jit_text_free(json);
  return queued;
}

static enum MHD_Result use(struct MHD_Connection *connection, jit_engine *engine, const char *url) {
  const char *user = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-User");
  char action[256];
  jit_query query = {.size = sizeof query, .mode = JIT_CHECK_CURRENT};
  jit_decision decision = {.size = sizeof decision};
  jit_error *error = NULL;
  if (user == NULL) return answer(connection, MHD_HTTP_UNAUTHORIZED, JIT_STR("who are you?\n"));
  if ((size_t)snprintf(action, sizeof action, "tools.%s", url + 1) >= sizeof action) {
    return answer(connection, MHD_HTTP_URI_TOO_LONG, JIT_STR("the name is too long\n"));
  }
  query.principal = (jit_str){user, strlen(user)};
  query.action = (jit_str){action, strlen(action)};
  if (jit_check(engine, &query, &decision, &error) != JIT_OK) return failed(connection, error);
  if (decision.outcome != JIT_ALLOW) return answer(connection, MHD_HTTP_FORBIDDEN, JIT_STR("not without a grant\n"));
  return answer(connection, MHD_HTTP_OK, JIT_STR("done\n"));
}

static enum MHD_Result handle(void *engine, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
  body *sent = *state;
  (void)version;
  if (sent == NULL) {
    *state = calloc(1, sizeof *sent);
    return *state == NULL ? MHD_NO : MHD_YES;
  }
  if (*size > 0) {
    if (*size > sizeof sent->bytes - sent->len) return MHD_NO;
    memcpy(sent->bytes + sent->len, data, *size);
    sent->len += *size;
    *size = 0;
    return MHD_YES;
  }
  if (strcmp(method, "POST") == 0 && strcmp(url, "/jit") == 0) return run(connection, engine, sent);
  return use(connection, engine, url);
}

static void over(void *engine, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
  (void)engine, (void)connection, (void)why;
  free(*state);
}

static void complain(jit_error *error) {
  jit_error_info info = {.size = sizeof info};
  if (jit_error_get(error, &info) == JIT_OK) fprintf(stderr, "%s\n", info.message.data);
  jit_error_free(error);
}

int main(int argc, char **argv) {
  jit_engine *engine = NULL;
  jit_error *error = NULL;
  jit_open_options options = {.size = sizeof options};
  struct MHD_Daemon *daemon;
  if (argc != 3) return 2;
  options.config_path = (jit_str){argv[2], strlen(argv[2])};
  if (jit_open(&options, &engine, &error) != JIT_OK) {
    complain(error);
    return 1;
  }
  daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, (uint16_t)atoi(argv[1]), NULL, NULL, handle, engine,
                            MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_NOTIFY_COMPLETED, over, NULL, MHD_OPTION_END);
  if (daemon != NULL) {
    puts("listening");
    fflush(stdout);
    while (getchar() != EOF) continue;
    MHD_stop_daemon(daemon);
  }
  if (daemon == NULL) fprintf(stderr, "the server does not start on port %s\n", argv[1]);
  if (jit_close(engine, &error) != JIT_OK) {
    complain(error);
    return 1;
  }
  return daemon == NULL;
}
