// Calls from libtorch into Go: hooks and functions whose backward pass is
// written in Go. C++ knows them by ids only, never by pointers into Go.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "guard.h"

namespace ct {

// A go_ref holds an id. When the last owner lets go of it, the id is queued
// for ct_take_dropped: destructors of nodes run anywhere and must not call Go.
struct go_ref {
  uint64_t id;
  go_ref *next = nullptr;
};
using go_ptr = std::shared_ptr<go_ref>;
go_ptr hold(uint64_t id);

// call runs Go with the tensors in and returns m tensors, undefined where Go
// gave none. It throws go_panic if the Go code panicked.
std::vector<at::Tensor> call(const go_ref &ref, uintptr_t node, const std::vector<at::Tensor> &in, int64_t m);

// A go_panic carries the id of the value of a Go panic through the C++ frames,
// so that Go can panic with it again on the other side.
class go_panic : public own_error {
 public:
  explicit go_panic(uint64_t id) : value(hold(id)) {}
  const char *what() const noexcept override { return "Go code panicked during the backward pass"; }
  // error hands the value over to Go: the id is not queued any more.
  ct_err error() const noexcept override;

 private:
  go_ptr value;
};

}  // namespace ct
