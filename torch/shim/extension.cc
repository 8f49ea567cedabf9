// Libraries that register operators of their own.

#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <cstring>
#include <exception>
#include <string>

#include "guard.h"

namespace ct {

void forget_operators();

static int report = -1;  // in the child: where it writes to

static void say(const char *text) {
  if (write(report, text, std::strlen(text)) < 0) _exit(3);
}

// In the child: an exception that a library throws when it is loaded, such as
// libtorch's when an operator exists already, cannot be caught; it ends here.
[[noreturn]] static void ended() {
  try {
    if (const auto e = std::current_exception()) std::rethrow_exception(e);
  } catch (const c10::Error &e) {
    say(e.what_without_backtrace());
  } catch (const std::exception &e) {
    say(e.what());
  } catch (...) {
    say("it throws when it is loaded");
  }
  _exit(1);
}

[[noreturn]] static void try_in_child(const char *path) {
  for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);  // Go's handlers need Go's threads
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::set_terminate(ended);
  if (dlopen(path, RTLD_NOW | RTLD_LOCAL) == nullptr) {
    say(dlerror());
    _exit(1);
  }
  _exit(0);
}

// trial loads the library in a copy of this process first and returns what went
// wrong there: code that runs at loading could end the process.
static std::string trial(const char *path) {
  constexpr int limit_ms = 60000;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error(std::strerror(errno));
  const pid_t child = fork();
  if (child == 0) {
    report = ends[1];
    try_in_child(path);
  }
  close(ends[1]);
  std::string text;
  bool late = false;
  if (child > 0) {
    char buf[4096];
    for (;;) {
      pollfd p{ends[0], POLLIN, 0};
      const int ready = poll(&p, 1, limit_ms);
      if (ready < 0 && errno == EINTR) continue;
      late = ready == 0;
      const ssize_t n = ready > 0 ? read(ends[0], buf, sizeof buf) : 0;
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      text.append(buf, n);
    }
  }
  close(ends[0]);
  if (child < 0) throw std::runtime_error(std::strerror(errno));
  if (late) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (late) return "it does not finish loading within a minute";
  if (WIFSIGNALED(status)) return std::string("it crashes when it is loaded: ") + strsignal(WTERMSIG(status));
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) return text.empty() ? "it ends the process when it is loaded" : text;
  return "";
}

ct_err load_extension(const char *path, int64_t path_len) noexcept {
  return guard([&] {
    const std::string file(path, path_len);
    if (void *lib = dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD); lib != nullptr) {
      dlclose(lib);
      return;
    }
    const std::string wrong = trial(file.c_str());
    if (!wrong.empty()) throw std::runtime_error(wrong);
    if (dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) throw std::runtime_error(dlerror());
    forget_operators();
  });
}

}  // namespace ct
