// top-gpu-helper: executes and times schedules on an NVIDIA GPU for top-compile.
//
// Reads requests from standard input and writes answers to standard output, one JSON object a line;
// docs/native-protocol.md describes them. Everything else that is printed, also by NVIDIA's libraries,
// goes to standard error.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "service.h"
#include "version.h"

namespace topc {
namespace {

constexpr std::size_t line_limit = std::size_t{64} << 20;

constexpr int exit_done = 0;
constexpr int exit_usage = 2;
constexpr int exit_environment = 4;

// Whether a failed read or write is to be repeated: it was interrupted, or a process that shares
// the descriptor has made it non-blocking. In that case this waits.
bool is_worth_repeating(int descriptor, short events) {
  if (errno == EINTR) {
    return true;
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) {
    return false;
  }
  pollfd watched{descriptor, events, 0};
  return ::poll(&watched, 1, -1) > 0 || errno == EINTR;
}

// Standard output, kept for answers alone: other output to descriptor 1 goes to standard error, or
// nowhere if that is closed.
class answer_channel {
 public:
  answer_channel() : descriptor_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, STDOUT_FILENO);
    }
  }

  // Returns false when the reader has gone.
  [[nodiscard]] bool write(std::string line) const {
    line += '\n';
    const char *at = line.data();
    std::size_t left = line.size();
    while (left > 0) {
      const ssize_t put = ::write(descriptor_, at, left);
      if (put < 0 && is_worth_repeating(descriptor_, POLLOUT)) {
        continue;
      }
      if (put <= 0) {
        return false;
      }
      at += put;
      left -= static_cast<std::size_t>(put);
    }
    return true;
  }

 private:
  int descriptor_;
};

// Lines of standard input in bounded memory.
class line_reader {
 public:
  enum class outcome { line, too_long, end };

  outcome next(std::string &line) {
    line.clear();
    bool too_long = false;
    for (;;) {
      if (at_ == filled_ && !refill()) {
        return line.empty() && !too_long ? outcome::end
                                         : (too_long ? outcome::too_long : outcome::line);
      }
      const char *start = buffer_.data() + at_;
      const auto *end = static_cast<const char *>(std::memchr(start, '\n', filled_ - at_));
      const std::size_t length =
          end == nullptr ? filled_ - at_ : static_cast<std::size_t>(end - start);
      too_long = too_long || line.size() + length > line_limit;
      if (!too_long) {
        line.append(start, length);
      }
      at_ += length + (end == nullptr ? 0 : 1);
      if (end != nullptr) {
        return too_long ? outcome::too_long : outcome::line;
      }
    }
  }

 private:
  bool refill() {
    for (;;) {
      const ssize_t got = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
      if (got < 0 && is_worth_repeating(STDIN_FILENO, POLLIN)) {
        continue;
      }
      at_ = 0;
      filled_ = got > 0 ? static_cast<std::size_t>(got) : 0;
      return got > 0;
    }
  }

  std::vector<char> buffer_ = std::vector<char>(std::size_t{1} << 16);
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
};

struct handled_line {
  std::string answer;
  bool ends = false;
  // The device is lost: end without tidying up, which could hang.
  bool fatal = false;
};

handled_line handle_line(service &work, const std::string &line) {
  std::optional<std::int64_t> id;
  try {
    const any_request asked = decode_request(line, id);
    return {encode_result(*id, work.handle(asked)), std::holds_alternative<quit_request>(asked),
            false};
  } catch (const failure &caught) {
    return {encode_failure(id, caught), false, caught.fatal};
  } catch (const std::bad_alloc &) {
    return {encode_failure(id, failure(failure_code::internal, "the helper is out of memory")),
            false, false};
  } catch (const std::exception &caught) {
    return {encode_failure(id, failure(failure_code::internal, caught.what())), false, false};
  }
}

int serve(service &work, const answer_channel &answers) {
  line_reader lines;
  std::string line;
  for (;;) {
    switch (lines.next(line)) {
      case line_reader::outcome::end:
        return exit_done;
      case line_reader::outcome::too_long:
        if (!answers.write(encode_failure(
                std::nullopt, bad_request("", "is longer than " + std::to_string(line_limit) +
                                                  " bytes")))) {
          return exit_done;
        }
        continue;
      case line_reader::outcome::line:
        break;
    }
    if (line.empty()) {
      continue;
    }
    const handled_line handled = handle_line(work, line);
    const bool written = answers.write(handled.answer);
    if (handled.fatal) {
      std::_Exit(exit_environment);
    }
    if (!written || handled.ends) {
      return exit_done;
    }
  }
}

// One probe, for people and scripts: the answer, and an exit status that says whether a GPU can be
// used.
int probe_once(service &work, const answer_channel &answers) {
  const any_result found = work.handle(probe_request{});
  (void)answers.write(encode_result(0, found));
  return std::get<probe_result>(found).problem ? exit_environment : exit_done;
}

constexpr const char *usage =
    "usage: top-gpu-helper [--lib-dir DIR]... [--probe]\n"
    "\n"
    "Reads one JSON request a line from standard input and answers on standard output.\n"
    "\n"
    "  --lib-dir DIR  look for NVIDIA's libraries here first\n"
    "  --probe        print what is found on this machine and end; status 4 without a usable GPU\n"
    "  --version      print the versions of helper and protocol\n";

int run(const std::vector<std::string> &arguments) {
  std::vector<std::string> folders;
  bool probe = false;
  for (std::size_t i = 0; i < arguments.size(); i++) {
    if (arguments[i] == "--lib-dir" && i + 1 < arguments.size()) {
      folders.push_back(arguments[++i]);
    } else if (arguments[i] == "--probe") {
      probe = true;
    } else if (arguments[i] == "--version") {
      std::cout << "top-gpu-helper " << helper_version << ", protocol " << protocol_version
                << '\n';
      return exit_done;
    } else if (arguments[i] == "--help") {
      std::cout << usage;
      return exit_done;
    } else {
      std::cerr << usage;
      return exit_usage;
    }
  }
  // A reader that went away shows as an error of write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
  // Hardware queues: with the default of 8, streams above 8 share them. Read by the driver at its start.
  ::setenv("CUDA_DEVICE_MAX_CONNECTIONS", "32", 0);
  const answer_channel answers;
  service work(folders);
  return probe ? probe_once(work, answers) : serve(work, answers);
}

}  // namespace
}  // namespace topc

int main(int count, char **arguments) {
  try {
    return topc::run({arguments + 1, arguments + count});
  } catch (const std::exception &caught) {
    std::cerr << "top-gpu-helper: " << caught.what() << '\n';
    return topc::exit_environment;
  }
}
