// Loading of the shim's CUDA part.

#include <dlfcn.h>
#include <stddef.h>

#include "../shim/cuda/api_gen.h"

const ct_cuda_api_table *ct_cuda_table = NULL;

// Returns 0 when the table is ready, 1 when the library did not load and 2
// when it is no CUDA part of this version; *why says more in the first case.
int ct_cuda_open(const char *path, const char **why) {
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (lib == NULL) {
    *why = dlerror();
    return 1;
  }
  const ct_cuda_api_table *(*api)(uint32_t) = (const ct_cuda_api_table *(*)(uint32_t))dlsym(lib, "ct_cuda_api");
  const ct_cuda_api_table *table = api == NULL ? NULL : api(CT_CUDA_ABI);
  if (table == NULL) {
    dlclose(lib);
    return 2;
  }
  ct_cuda_table = table;
  return 0;
}
