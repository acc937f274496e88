// A device of the driver, and its context.
#pragma once

#include <map>

#include "driver_api.h"
#include "results.h"

namespace topc {

// Fails: no_device when there is no device of this number; cuda_error.
[[nodiscard]] device_facts read_device(const driver_api &driver, int index);

// NVRTC's name of the device: `sm_90`.
[[nodiscard]] std::string architecture(const device_facts &facts);

// The figures of all devices.
[[nodiscard]] std::vector<device_facts> read_devices(const driver_api &driver);

// The devices' primary contexts, which the runtime inside cuBLAS and cuDNN uses. Each is retained
// once and never released: state that these libraries keep in it must not vanish while they are
// loaded, and creating one again takes a second. The driver ends them with the process.
class context_table {
 public:
  // Makes the device's context the thread's current one. Fails: no_device, cuda_error.
  void enter(const driver_api &driver, int index);

 private:
  std::map<int, abi::context> retained_;
};

}  // namespace topc
