// The driver's devices, memory, streams and events; what decides the order of work is in engine.cpp.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine.h"

using namespace topc::abi;
using stand_in::object_of;
using stand_in::require_alive;
using stand_in::state;

namespace {

constexpr int attributes[][2] = {{attribute_threads_per_block, 1024},
                                 {attribute_warp_size, 32},
                                 {attribute_clock_khz, 1980000},
                                 {attribute_multiprocessors, 132},
                                 {attribute_memory_clock_khz, 3201000},
                                 {attribute_memory_bus_bits, 6144},
                                 {attribute_l2_bytes, 4096},
                                 {attribute_threads_per_multiprocessor, 2048},
                                 {attribute_capability_major, 9},
                                 {attribute_capability_minor, 0},
                                 {attribute_shared_per_multiprocessor, 233472},
                                 {attribute_registers_per_multiprocessor, 65536},
                                 {attribute_shared_per_block, 232448},
                                 {attribute_blocks_per_multiprocessor, 32},
                                 {attribute_reserved_shared_per_block, 1024}};

constexpr std::size_t memory_bytes = std::size_t{1} << 30;

}  // namespace

extern "C" {

status cuInit(unsigned) {
  STAND_IN_CALL(cuInit);
  return std::getenv("STAND_IN_NO_GPU") == nullptr ? 0 : cuda_no_device;
}

status cuDriverGetVersion(int *version) {
  const char *wish = std::getenv("STAND_IN_DRIVER");
  *version = wish == nullptr ? 13000 : std::atoi(wish);
  return 0;
}

status cuGetErrorName(status error, const char **name) {
  *name = error == cuda_out_of_memory           ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == stand_in::illegal_address ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                                               : "CUDA_ERROR_OF_STAND_IN";
  return 0;
}

status cuGetErrorString(status, const char **text) {
  *text = "an error of the stand-in";
  return 0;
}

status cuDeviceGetCount(int *count) {
  STAND_IN_CALL(cuDeviceGetCount);
  *count = 1;
  return 0;
}

status cuDeviceGet(device *made, int) {
  STAND_IN_CALL(cuDeviceGet);
  *made = 0;
  return 0;
}

status cuDeviceGetName(char *name, int length, device) {
  STAND_IN_CALL(cuDeviceGetName);
  std::snprintf(name, static_cast<std::size_t>(length), "stand-in");
  return 0;
}

status cuDeviceGetAttribute(int *value, int attribute, device) {
  STAND_IN_CALL(cuDeviceGetAttribute);
  for (const auto &[known, is] : attributes) {
    if (known == attribute) {
      *value = is;
      return 0;
    }
  }
  return cuda_invalid_value;
}

status cuDeviceTotalMem(std::size_t *bytes, device) {
  STAND_IN_CALL(cuDeviceTotalMem);
  *bytes = memory_bytes;
  return 0;
}

status cuDevicePrimaryCtxRetain(context *made, device) {
  STAND_IN_CALL(cuDevicePrimaryCtxRetain);
  *made = reinterpret_cast<context>(&state());
  return 0;
}

status cuCtxSetCurrent(context) {
  STAND_IN_CALL(cuCtxSetCurrent);
  return 0;
}

status cuCtxSynchronize() {
  STAND_IN_CALL(cuCtxSynchronize);
  const status forbidden = stand_in::forbidden_while_capturing();
  return forbidden != 0 ? forbidden : stand_in::run_all();
}

status cuMemGetInfo(std::size_t *free_bytes, std::size_t *total_bytes) {
  STAND_IN_CALL(cuMemGetInfo);
  *total_bytes = memory_bytes;
  *free_bytes = memory_bytes;
  for (const auto &[start, held] : state().memory) {
    *free_bytes -= held.size;
  }
  return 0;
}

status cuMemAlloc(device_ptr *address, std::size_t bytes) {
  STAND_IN_CALL(cuMemAlloc);
  if (const status forbidden = stand_in::forbidden_while_capturing(); forbidden != 0) {
    return forbidden;
  }
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  cuMemGetInfo(&free_bytes, &total_bytes);
  if (bytes == 0 || bytes > free_bytes) {
    return bytes == 0 ? cuda_invalid_value : cuda_out_of_memory;
  }
  // Apart by more than any offset, so that reaching past one does not land in the next.
  static std::uint64_t next = std::uint64_t{1} << 40;
  next += std::uint64_t{1} << 36;
  state().memory[next] = {std::unique_ptr<unsigned char[]>(new unsigned char[bytes]), bytes};
  *address = next;
  return 0;
}

status cuMemFree(device_ptr address) {
  (void)stand_in::run_all();
  if (state().memory.erase(address) == 0) {
    std::fprintf(stderr, "stand-in: freed memory that is not\n");
    std::abort();
  }
  return 0;
}

status cuMemAllocHost(void **address, std::size_t bytes) {
  STAND_IN_CALL(cuMemAllocHost);
  if (bytes > memory_bytes) {
    return cuda_out_of_memory;
  }
  auto made = std::make_unique<unsigned char[]>(bytes);
  *address = made.get();
  state().host_memory[*address] = std::move(made);
  return 0;
}

status cuMemFreeHost(void *address) {
  state().host_memory.erase(address);
  return 0;
}

status cuMemcpyHtoD(device_ptr to, const void *from, std::size_t bytes) {
  STAND_IN_CALL(cuMemcpyHtoD);
  const status ran = cuCtxSynchronize();
  unsigned char *at = ran == 0 ? stand_in::device_bytes(to, bytes) : nullptr;
  if (at != nullptr) {
    std::memcpy(at, from, bytes);
  }
  return state().sticky != 0 ? state().sticky : ran;
}

status cuMemcpyDtoH(void *to, device_ptr from, std::size_t bytes) {
  STAND_IN_CALL(cuMemcpyDtoH);
  const status ran = cuCtxSynchronize();
  const unsigned char *at = ran == 0 ? stand_in::device_bytes(from, bytes) : nullptr;
  if (at != nullptr) {
    std::memcpy(to, at, bytes);
  }
  return state().sticky != 0 ? state().sticky : ran;
}

status cuMemcpyDtoDAsync(device_ptr to, device_ptr from, std::size_t bytes, stream on) {
  STAND_IN_CALL(cuMemcpyDtoDAsync);
  require_alive("stream", on, "cuMemcpyDtoDAsync");
  return stand_in::enqueue(object_of<stand_in::stream>(on), node_memcpy, {}, [=] {
    unsigned char *target = stand_in::device_bytes(to, bytes);
    const unsigned char *source = stand_in::device_bytes(from, bytes);
    if (target != nullptr && source != nullptr) {
      std::memmove(target, source, bytes);
    }
  });
}

status cuMemcpyHtoDAsync(device_ptr to, const void *from, std::size_t bytes, stream on) {
  STAND_IN_CALL(cuMemcpyHtoDAsync);
  require_alive("stream", on, "cuMemcpyHtoDAsync");
  return stand_in::enqueue(object_of<stand_in::stream>(on), node_memcpy, {}, [=] {
    if (unsigned char *target = stand_in::device_bytes(to, bytes)) {
      std::memcpy(target, from, bytes);
    }
  });
}

status cuMemcpyDtoHAsync(void *to, device_ptr from, std::size_t bytes, stream on) {
  STAND_IN_CALL(cuMemcpyDtoHAsync);
  require_alive("stream", on, "cuMemcpyDtoHAsync");
  return stand_in::enqueue(object_of<stand_in::stream>(on), node_memcpy, {}, [=] {
    if (const unsigned char *source = stand_in::device_bytes(from, bytes)) {
      std::memcpy(to, source, bytes);
    }
  });
}

status cuMemsetD8(device_ptr address, unsigned char value, std::size_t bytes) {
  STAND_IN_CALL(cuMemsetD8);
  const status forbidden = stand_in::forbidden_while_capturing();
  unsigned char *at = forbidden == 0 ? stand_in::device_bytes(address, bytes) : nullptr;
  if (at != nullptr) {
    std::memset(at, value, bytes);
  }
  return state().sticky != 0 ? state().sticky : forbidden;
}

status cuMemsetD8Async(device_ptr address, unsigned char value, std::size_t bytes, stream on) {
  STAND_IN_CALL(cuMemsetD8Async);
  require_alive("stream", on, "cuMemsetD8Async");
  return stand_in::enqueue(object_of<stand_in::stream>(on), node_memset, {}, [=] {
    if (unsigned char *target = stand_in::device_bytes(address, bytes)) {
      std::memset(target, value, bytes);
    }
  });
}

status cuStreamCreate(stream *made, unsigned flags) {
  STAND_IN_CALL(cuStreamCreate);
  const status forbidden = stand_in::forbidden_while_capturing();
  if (forbidden != 0 || flags != stream_non_blocking) {
    return forbidden != 0 ? forbidden : cuda_invalid_value;
  }
  auto *object = new stand_in::stream;
  stand_in::born("stream", object);
  *made = reinterpret_cast<stream>(object);
  return 0;
}

status cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  STAND_IN_CALL(cuCtxGetStreamPriorityRange);
  *least = 0;
  *greatest = -5;
  return 0;
}

status cuStreamCreateWithPriority(stream *made, unsigned flags, int priority) {
  STAND_IN_CALL(cuStreamCreateWithPriority);
  const status created =
      priority < -5 || priority > 0 ? cuda_invalid_value : cuStreamCreate(made, flags);
  if (created == 0) {
    object_of<stand_in::stream>(*made).priority = priority;
  }
  return created;
}

status cuStreamDestroy(stream handle) {
  stand_in::died("stream", handle);
  delete &object_of<stand_in::stream>(handle);
  return 0;
}

status cuStreamSynchronize(stream) { return cuCtxSynchronize(); }

status cuEventCreate(event *made, unsigned flags) {
  STAND_IN_CALL(cuEventCreate);
  auto *object = new stand_in::event;
  object->timed = flags == event_default;
  stand_in::born("event", object);
  *made = reinterpret_cast<event>(object);
  return 0;
}

status cuEventDestroy(event handle) {
  // Work that is still to be done may write its time.
  (void)stand_in::run_all();
  stand_in::died("event", handle);
  delete &object_of<stand_in::event>(handle);
  return 0;
}

status cuEventSynchronize(event handle) {
  STAND_IN_CALL(cuEventSynchronize);
  require_alive("event", handle, "cuEventSynchronize");
  if (object_of<stand_in::event>(handle).of_capture) {
    return cuda_captured_event;
  }
  return cuCtxSynchronize();
}

status cuEventElapsedTime(float *milliseconds, event start, event end) {
  STAND_IN_CALL(cuEventElapsedTime);
  const auto &first = object_of<stand_in::event>(start);
  const auto &last = object_of<stand_in::event>(end);
  if (!first.timed || !last.timed || !last.recorded || !last.recorded->done) {
    return cuda_invalid_value;
  }
  // A microsecond for everything that was done in between.
  *milliseconds = static_cast<float>(last.time - first.time) / 1000.0F;
  return 0;
}

}  // extern "C"
