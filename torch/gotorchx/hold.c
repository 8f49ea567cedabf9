// gotorch's finalizers call Tensor_Close of libcgotorch.so. The linker prefers
// a function of the program itself, so they come here, and a tensor that is
// collected while gotorch computes is freed after that.
#define _GNU_SOURCE
#include "hold.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int holders;
static void **waiting;
static size_t count, room;

static void close_now(void *tensor) {
  static void (*original)(void *);
  if (original == NULL) original = (void (*)(void *))dlsym(RTLD_NEXT, "Tensor_Close");
  original(tensor);
}

// add returns 0 where there is no memory to remember the tensor.
static int add(void *tensor) {
  if (count == room) {
    size_t more = room == 0 ? 64 : 2 * room;
    void **grown = realloc(waiting, more * sizeof *grown);
    if (grown == NULL) return 0;
    waiting = grown;
    room = more;
  }
  waiting[count++] = tensor;
  return 1;
}

void Tensor_Close(void *tensor) {
  pthread_mutex_lock(&mutex);
  int held = holders > 0;
  if (held) add(tensor);  // one that cannot be remembered stays: the safe side
  pthread_mutex_unlock(&mutex);
  if (!held) close_now(tensor);
}

void gx_hold(void) {
  pthread_mutex_lock(&mutex);
  holders++;
  pthread_mutex_unlock(&mutex);
}

void gx_release(void) {
  void **list = NULL;
  size_t n = 0;
  pthread_mutex_lock(&mutex);
  if (--holders == 0) {
    list = waiting;
    n = count;
    waiting = NULL;
    count = room = 0;
  }
  pthread_mutex_unlock(&mutex);
  for (size_t i = 0; i < n; i++) close_now(list[i]);
  free(list);
}

int64_t gx_waiting(void) {
  pthread_mutex_lock(&mutex);
  int64_t n = (int64_t)count;
  pthread_mutex_unlock(&mutex);
  return n;
}
