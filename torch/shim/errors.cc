// Failures: what an exception becomes for Go, and what is done when memory runs out.

#include <c10/util/Exception.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "guard.h"

namespace ct {

ct_err message(int kind, const char *text) noexcept {
  const size_t n = std::strlen(text);
  auto *out = static_cast<char *>(std::malloc(n + 2));
  if (out == nullptr) std::abort();  // not even a message fits into memory
  out[0] = static_cast<char>(kind);
  std::memcpy(out + 1, text, n + 1);
  return out;
}

ct_err translate() noexcept {
  try {
    throw;
  } catch (const own_error &e) {
    return e.error();
  } catch (const c10::OutOfMemoryError &e) {
    return message(CT_ERR_MEMORY, e.what_without_backtrace());
  } catch (const c10::IndexError &e) {
    return message(CT_ERR_INDEX, e.what_without_backtrace());
  } catch (const c10::NotImplementedError &e) {
    return message(CT_ERR_NOT_IMPLEMENTED, e.what_without_backtrace());
  } catch (const c10::ValueError &e) {
    return message(CT_ERR_VALUE, e.what_without_backtrace());
  } catch (const c10::TypeError &e) {
    return message(CT_ERR_VALUE, e.what_without_backtrace());
  } catch (const c10::Error &e) {
    // The CPU allocator reports exhaustion as a plain error.
    const char *text = e.what_without_backtrace();
    const bool memory = std::strstr(text, "allocate memory") != nullptr;
    return message(memory ? CT_ERR_MEMORY : CT_ERR_RUNTIME, text);
  } catch (const std::bad_alloc &) {
    return message(CT_ERR_MEMORY, "out of memory");
  } catch (const std::exception &e) {
    return message(CT_ERR_RUNTIME, e.what());
  } catch (...) {
    return message(CT_ERR_RUNTIME, "unknown C++ exception");
  }
}

// Tensors that Go holds without reaching them are freed by its collector, which
// knows nothing of libtorch's memory. So a call that lacks memory asks Go for a
// collection and waits. It cannot call Go, as the operations are called without
// a way back; it writes to a pipe that a goroutine reads.
static struct {
  std::mutex lock;
  std::condition_variable done;
  int pipe = -1;
  int64_t asked = 0, answered = 0;
} relief;

void relief_start(int32_t pipe) noexcept {
  std::lock_guard<std::mutex> hold(relief.lock);
  relief.pipe = pipe;
}

int64_t relief_asked(void) noexcept {
  std::lock_guard<std::mutex> hold(relief.lock);
  return relief.asked;
}

void relief_done(int64_t asked) noexcept {
  {
    std::lock_guard<std::mutex> hold(relief.lock);
    relief.answered = asked;
  }
  relief.done.notify_all();
}

bool relieved(ct_err err) noexcept {
  if (err[0] != CT_ERR_MEMORY) return false;
  std::unique_lock<std::mutex> hold(relief.lock);
  if (relief.pipe < 0) return false;
  const int64_t mine = ++relief.asked;
  const char byte = 0;
  // A full pipe means that Go is about to read it anyway.
  if (write(relief.pipe, &byte, 1) < 0 && errno != EAGAIN) return false;
  return relief.done.wait_for(hold, std::chrono::seconds(10), [&] { return relief.answered >= mine; });
}

}  // namespace ct
