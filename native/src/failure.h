// The error of a request: a code that the client knows, one line for people, and details.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace topc {

// A place where a library was looked for, and why it was not used.
struct tried_path {
  std::string name;
  std::string error;
};

using failure_detail = std::variant<std::int64_t, std::string, std::vector<tried_path>>;

// The codes of docs/native-protocol.md.
enum class failure_code {
  no_cuda_driver,
  driver_too_old,
  no_device,
  library_missing,
  cuda_error,
  cublas_error,
  cudnn_error,
  nvrtc_error,
  io_error,
  unsupported,
  bad_request,
  unknown_op,
  not_open,
  internal,
};

class failure : public std::exception {
 public:
  failure(failure_code what_kind, std::string text)
      : code(what_kind), message(std::move(text)) {}

  // Adds a detail and returns the failure, so that it can be thrown in one expression.
  failure &&with(std::string name, failure_detail value) && {
    details.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }

  const char *what() const noexcept override { return message.c_str(); }

  failure_code code;
  std::string message;
  std::vector<std::pair<std::string, failure_detail>> details;
  // The device is lost to this process.
  bool fatal = false;
};

// An invalid request; `pointer` is the JSON pointer of the field.
inline failure bad_request(const std::string &pointer, const std::string &problem) {
  return failure(failure_code::bad_request,
                 (pointer.empty() ? "the request" : pointer) + " " + problem)
      .with("pointer", pointer);
}

}  // namespace topc
