#include "driver_api.h"

namespace topc {
namespace {

// Looks the function up by the interface version of its declaration; a newer driver may have a
// newer function of that name, which must not be called with the old arguments.
template <typename Function>
bool find(abi::cuGetProcAddress_t get, const char *name, int interface, Function &function) {
  void *found = nullptr;
  int why = 0;
  if (get(name, &found, interface, 0, &why) != abi::cuda_success || found == nullptr) {
    return false;
  }
  function = reinterpret_cast<Function>(found);
  return true;
}

void find_functions(driver_library &driver, abi::cuGetProcAddress_t get) {
#define TOPC_FIND(name, since, args)                                    \
  if (!find(get, #name, abi::driver_interface, driver.api.name)) {      \
    driver.missing.emplace_back(#name);                                 \
  }
  TOPC_DRIVER_FUNCTIONS(TOPC_FIND)
#undef TOPC_FIND
#define TOPC_FIND(name, symbol, since, args)          \
  if (driver.version >= since) {                      \
    find(get, #symbol, since, driver.api.name);       \
  }
  TOPC_DRIVER_OPTIONAL_FUNCTIONS(TOPC_FIND)
#undef TOPC_FIND
}

failure too_old(const driver_library &driver) {
  return failure(failure_code::driver_too_old,
                 "the driver does not offer the interface of CUDA 12.0 (R525 or newer is needed)")
      .with("path", driver.search.library.path)
      .with("version", static_cast<std::int64_t>(driver.version));
}

void start(driver_library &driver) {
  const auto get = reinterpret_cast<abi::cuGetProcAddress_t>(
      driver.search.library.symbol("cuGetProcAddress_v2"));
  const auto version = reinterpret_cast<abi::cuDriverGetVersion_t>(
      driver.search.library.symbol("cuDriverGetVersion"));
  if (version != nullptr) {
    version(&driver.version);
  }
  if (get == nullptr) {
    driver.problem.push_back(too_old(driver));
    return;
  }
  find_functions(driver, get);
  if (!driver.missing.empty()) {
    driver.problem.push_back(too_old(driver).with("missing", driver.missing.front()));
    return;
  }
  const abi::status status = driver.api.cuInit(0);
  if (status == abi::cuda_no_device) {
    driver.problem.push_back(
        failure(failure_code::no_device, "the driver is there, but finds no NVIDIA GPU"));
  } else if (status != abi::cuda_success) {
    try {
      driver.api.check(status, "cuInit");
    } catch (failure &caught) {
      driver.problem.push_back(std::move(caught));
    }
  }
}

}  // namespace

void driver_api::check(abi::status status, const char *call) const {
  if (status == abi::cuda_success) {
    return;
  }
  const char *name = nullptr;
  const char *text = nullptr;
  if (cuGetErrorName(status, &name) != abi::cuda_success || name == nullptr) {
    name = "unknown";
  }
  if (cuGetErrorString(status, &text) != abi::cuda_success || text == nullptr) {
    text = "no explanation";
  }
  throw failure(failure_code::cuda_error, std::string(call) + " failed: " + text)
      .with("call", std::string(call))
      .with("status", static_cast<std::int64_t>(status))
      .with("name", std::string(name));
}

driver_library open_driver(const std::vector<std::string> &folders) {
  driver_library driver;
  driver.search = open_library({"libcuda.so.1"}, folders);
  if (driver.search.found()) {
    start(driver);
  } else {
    driver.problem.push_back(
        failure(failure_code::no_cuda_driver, "the CUDA driver (libcuda.so.1) was not found")
            .with("tried", driver.search.tried));
  }
  return driver;
}

}  // namespace topc
