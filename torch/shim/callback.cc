// Calls from libtorch into Go.

#include "callback.h"

#include <mutex>
#include <string>

#include "guard.h"

namespace ct {

static ct_callback callback = nullptr;

void set_callback(ct_callback f) noexcept { callback = f; }

// The queue is a list through the go_refs themselves, so that a destructor
// needs no memory to append to it.
static std::mutex mutex;
static go_ref *dropped = nullptr;

static void give_back(go_ref *r) noexcept {
  const std::lock_guard<std::mutex> lock(mutex);
  r->next = dropped;
  dropped = r;
}

go_ptr hold(uint64_t id) { return go_ptr(new go_ref{id}, give_back); }

// Zero stands for a value that was taken, which nobody waits for.
int64_t take_dropped(uint64_t *ids, int64_t n) noexcept {
  const std::lock_guard<std::mutex> lock(mutex);
  int64_t count = 0;
  while (count < n && dropped != nullptr) {
    go_ref *r = dropped;
    dropped = r->next;
    if (r->id != 0) ids[count++] = r->id;
    delete r;
  }
  return count;
}

ct_err go_panic::error() const noexcept {
  const uint64_t id = value->id;
  value->id = 0;
  return message(CT_ERR_CALLBACK, std::to_string(id).c_str());
}

std::vector<at::Tensor> call(const go_ref &ref, uintptr_t node, const std::vector<at::Tensor> &in, int64_t m) {
  std::vector<ct_tensor> args, results(m, 0);
  args.reserve(in.size());
  for (const at::Tensor &t : in) args.push_back(t.defined() ? give(at::Tensor(t)) : 0);
  const uint64_t panic = callback(ref.id, node, args.data(), static_cast<int64_t>(args.size()), results.data(), m);
  std::vector<at::Tensor> out(m);
  for (int64_t i = 0; i < m; i++) {
    if (results[i] == 0) continue;
    out[i] = std::move(ct::ref(results[i]));
    drop(results[i]);
  }
  if (panic != 0) throw go_panic(panic);
  return out;
}

}  // namespace ct
