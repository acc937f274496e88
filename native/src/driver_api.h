// The CUDA driver, opened at run time.
#pragma once

#include <string>
#include <vector>

#include "abi_driver.h"
#include "failure.h"
#include "shared_library.h"

namespace topc {

// The driver's functions. A function that the driver lacks is null, and named in `missing` unless
// it is optional.
struct driver_api {
#define TOPC_MEMBER(name, since, args) abi::name##_t name = nullptr;
  TOPC_DRIVER_FUNCTIONS(TOPC_MEMBER)
#undef TOPC_MEMBER
#define TOPC_MEMBER(name, symbol, since, args) abi::name##_t name = nullptr;
  TOPC_DRIVER_OPTIONAL_FUNCTIONS(TOPC_MEMBER)
#undef TOPC_MEMBER

  // Throws cuda_error when `status` is not success; `call` is the function's name.
  void check(abi::status status, const char *call) const;
};

// The driver that was found; `api` can be called only when `problem` is empty.
struct driver_library {
  driver_api api;
  library_search search;
  std::vector<std::string> missing;
  // The CUDA version that it supports (13000 for 13.0); 0 when unknown.
  int version = 0;
  // The reason why it cannot be used.
  std::vector<failure> problem;
};

// Opens the driver and starts it (cuInit). Never throws for anything that the machine lacks.
[[nodiscard]] driver_library open_driver(const std::vector<std::string> &folders);

// Calls a function of the driver and throws when it fails.
#define TOPC_CUDA(driver, name, ...) (driver).check((driver).name(__VA_ARGS__), #name)

}  // namespace topc
