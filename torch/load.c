// Loading of the shim: the only C that is linked into the Go program.

#include <dlfcn.h>
#include <stddef.h>

#include "shim/api_gen.h"

const ct_api_table *ct_table = NULL;

// The Go function of callback.go.
extern uint64_t sslmemTorchCallback(uint64_t id, uintptr_t node, ct_tensor *in, int64_t n, ct_tensor *out, int64_t m);

// Returns 0 when the table is ready, 1 when the library did not load and 2
// when it is no shim of this version; *why says more in the first case.
int ct_open(const char *path, const char **why) {
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (lib == NULL) {
    *why = dlerror();
    return 1;
  }
  const ct_api_table *(*api)(uint32_t) = (const ct_api_table *(*)(uint32_t))dlsym(lib, "ct_api");
  const ct_api_table *table = api == NULL ? NULL : api(CT_ABI);
  if (table == NULL) {
    dlclose(lib);
    return 2;
  }
  ct_table = table;
  ct_set_callback(sslmemTorchCallback);
  return 0;
}
