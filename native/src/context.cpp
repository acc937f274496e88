#include "context.h"

#include <array>

namespace topc {
namespace {

abi::device device_of(const driver_api &driver, int index) {
  int count = 0;
  TOPC_CUDA(driver, cuDeviceGetCount, &count);
  if (index >= count) {
    throw failure(failure_code::no_device, "there is no device " + std::to_string(index) +
                                               "; the driver finds " + std::to_string(count));
  }
  abi::device device = 0;
  TOPC_CUDA(driver, cuDeviceGet, &device, index);
  return device;
}

}  // namespace

device_facts read_device(const driver_api &driver, int index) {
  const abi::device device = device_of(driver, index);
  const auto attribute = [&](int which) {
    int value = 0;
    TOPC_CUDA(driver, cuDeviceGetAttribute, &value, which, device);
    return value;
  };
  device_facts facts;
  facts.index = index;
  std::array<char, 256> name{};
  TOPC_CUDA(driver, cuDeviceGetName, name.data(), static_cast<int>(name.size()) - 1, device);
  facts.name = name.data();
  std::size_t bytes = 0;
  TOPC_CUDA(driver, cuDeviceTotalMem, &bytes, device);
  facts.memory_bytes = bytes;
  facts.capability_major = attribute(abi::attribute_capability_major);
  facts.capability_minor = attribute(abi::attribute_capability_minor);
  facts.multiprocessors = attribute(abi::attribute_multiprocessors);
  facts.threads_per_multiprocessor = attribute(abi::attribute_threads_per_multiprocessor);
  facts.blocks_per_multiprocessor = attribute(abi::attribute_blocks_per_multiprocessor);
  facts.registers_per_multiprocessor = attribute(abi::attribute_registers_per_multiprocessor);
  facts.shared_per_multiprocessor = attribute(abi::attribute_shared_per_multiprocessor);
  facts.shared_per_block = attribute(abi::attribute_shared_per_block);
  facts.reserved_shared_per_block = attribute(abi::attribute_reserved_shared_per_block);
  facts.threads_per_block = attribute(abi::attribute_threads_per_block);
  facts.warp_size = attribute(abi::attribute_warp_size);
  facts.l2_bytes = attribute(abi::attribute_l2_bytes);
  facts.clock_khz = attribute(abi::attribute_clock_khz);
  facts.memory_clock_khz = attribute(abi::attribute_memory_clock_khz);
  facts.memory_bus_bits = attribute(abi::attribute_memory_bus_bits);
  return facts;
}

std::string architecture(const device_facts &facts) {
  return "sm_" + std::to_string(facts.capability_major) + std::to_string(facts.capability_minor);
}

std::vector<device_facts> read_devices(const driver_api &driver) {
  int count = 0;
  TOPC_CUDA(driver, cuDeviceGetCount, &count);
  std::vector<device_facts> devices;
  for (int i = 0; i < count; i++) {
    devices.push_back(read_device(driver, i));
  }
  return devices;
}

void context_table::enter(const driver_api &driver, int index) {
  auto kept = retained_.find(index);
  if (kept == retained_.end()) {
    abi::context context = nullptr;
    TOPC_CUDA(driver, cuDevicePrimaryCtxRetain, &context, device_of(driver, index));
    kept = retained_.emplace(index, context).first;
  }
  TOPC_CUDA(driver, cuCtxSetCurrent, kept->second);
}

}  // namespace topc
