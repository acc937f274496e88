// A device of the driver, and the context in which everything on it happens.
#pragma once

#include "driver_api.h"
#include "results.h"

namespace topc {

// Fails: no_device when there is none of this number; cuda_error.
[[nodiscard]] device_facts read_device(const driver_api &driver, int index);

// The figures of all devices.
[[nodiscard]] std::vector<device_facts> read_devices(const driver_api &driver);

// Holds the device's primary context and makes it the thread's current one. The primary one, because
// it is what the runtime inside cuBLAS and cuDNN uses.
class primary_context {
 public:
  primary_context(const driver_api &driver, int index);
  primary_context(const primary_context &) = delete;
  primary_context &operator=(const primary_context &) = delete;
  ~primary_context();

 private:
  const driver_api &driver_;
  abi::device device_ = 0;
};

}  // namespace topc
