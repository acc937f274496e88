// The driver's functions, apart from those of capture and events' order (engine.cpp).
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine.h"

using namespace topc::abi;
using stand_in::object_of;
using stand_in::require_alive;
using stand_in::state;

namespace {

// The kernels that modules of the stand-in can have, by name; arguments as in their comment.
using kernel_body = stand_in::work (*)(void **args);

template <typename Value> Value argument(void **args, int index) {
  Value value;
  std::memcpy(&value, args[index], sizeof value);
  return value;
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b, std::uint64_t salt) {
  std::uint64_t value = a * 0x9e3779b97f4a7c15U ^ (b + salt) * 0xc2b2ae3d27d4eb4fU;
  value ^= value >> 29;
  return value * 0xbf58476d1ce4e5b9U ^ value >> 32;
}

std::uint64_t load(std::uint64_t address) {
  std::uint64_t value = 0;
  if (const unsigned char *bytes = stand_in::device_bytes(address, sizeof value)) {
    std::memcpy(&value, bytes, sizeof value);
  }
  return value;
}

void store(std::uint64_t address, std::uint64_t value) {
  if (unsigned char *bytes = stand_in::device_bytes(address, sizeof value)) {
    std::memcpy(bytes, &value, sizeof value);
  }
}

const std::map<std::string, kernel_body> &kernels() {
  static const std::map<std::string, kernel_body> all{
      // mix(to, a, b, salt): what it writes depends on everything that it reads.
      {"mix",
       [](void **args) -> stand_in::work {
         const auto to = argument<std::uint64_t>(args, 0);
         const auto a = argument<std::uint64_t>(args, 1);
         const auto b = argument<std::uint64_t>(args, 2);
         const auto salt = argument<std::int32_t>(args, 3);
         return [=] { store(to, mixed(load(a), load(b), static_cast<std::uint32_t>(salt))); };
       }},
      // What the program's own kernels for measuring do, as far as anybody sees it.
      {"spin", [](void **) -> stand_in::work { return [] {}; }},
      {"nothing", [](void **) -> stand_in::work { return [] {}; }},
      // readClock(duration, result): cycles and nanoseconds.
      {"readClock",
       [](void **args) -> stand_in::work {
         const auto duration = argument<std::int64_t>(args, 0);
         const auto to = argument<std::uint64_t>(args, 1);
         return [=] {
           store(to, static_cast<std::uint64_t>(duration));
           store(to + 8, static_cast<std::uint64_t>(duration));
         };
       }},
      // show(to, i32, i64, f32, f64): stores its arguments, 8 bytes each.
      {"show",
       [](void **args) -> stand_in::work {
         const auto to = argument<std::uint64_t>(args, 0);
         const auto small = argument<std::int32_t>(args, 1);
         const auto large = argument<std::int64_t>(args, 2);
         const auto single = argument<float>(args, 3);
         const auto twice = argument<double>(args, 4);
         return [=] {
           const double values[] = {static_cast<double>(small), static_cast<double>(large),
                                    static_cast<double>(single), twice};
           if (unsigned char *bytes = stand_in::device_bytes(to, sizeof values)) {
             std::memcpy(bytes, values, sizeof values);
           }
         };
       }},
      // fault(): reads where there is nothing; the device is lost.
      {"fault", [](void **) -> stand_in::work { return [] { (void)load(1); }; }},
      // hang(): never ends.
      {"hang", [](void **) -> stand_in::work {
         return [] {
           for (;;) {
             std::fflush(stdout);
           }
         };
       }}};
  return all;
}

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

// A driver gives another function for another interface; this one knows those that are declared.
bool is_declared(int interface, int since) {
  return interface == driver_interface ? since <= interface : since == interface;
}

constexpr std::size_t memory_bytes = std::size_t{1} << 30;

stand_in::work on_host(const stand_in::host_kernel &kernel, void **args,
                       const stand_in::kernel_shape &shape) {
  std::vector<std::uint64_t> addresses;
  for (std::size_t i = 0; i < kernel.arguments; i++) {
    addresses.push_back(argument<std::uint64_t>(args, static_cast<int>(i)));
  }
  return [=] {
    std::vector<void *> pointers;
    for (const auto address : addresses) {
      pointers.push_back(stand_in::device_bytes(address, 1));
      if (pointers.back() == nullptr) {
        return;
      }
    }
    kernel.run(pointers.data(), shape.grid, shape.block);
  };
}

}  // namespace

extern "C" {

status cuInit(unsigned) {
  STAND_IN_CALL(cuInit);
  return std::getenv("STAND_IN_NO_GPU") == nullptr ? 0 : cuda_no_device;
}

status cuDriverGetVersion(int *version) {
  *version = 13000;
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
  state().context = true;
  *made = reinterpret_cast<context>(&state());
  return 0;
}

status cuDevicePrimaryCtxRelease(device) {
  state().context = false;
  (void)stand_in::run_all();
  for (const auto &[kind, objects] : state().alive) {
    if (!objects.empty()) {
      std::fprintf(stderr, "stand-in: leaked %zu of %s\n", objects.size(), kind.c_str());
    }
  }
  if (!state().memory.empty() || !state().host_memory.empty()) {
    std::fprintf(stderr, "stand-in: leaked memory\n");
  }
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

status cuModuleLoadData(module *made, const void *image) {
  STAND_IN_CALL(cuModuleLoadData);
  if (const status forbidden = stand_in::forbidden_while_capturing(); forbidden != 0) {
    return forbidden;
  }
  auto *object = new stand_in::module;
  object->image = static_cast<const char *>(image);
  stand_in::born("module", object);
  *made = reinterpret_cast<module>(object);
  return 0;
}

status cuModuleUnload(module handle) {
  stand_in::died("module", handle);
  delete &object_of<stand_in::module>(handle);
  return 0;
}

status cuModuleGetFunction(function *found, module handle, const char *name) {
  STAND_IN_CALL(cuModuleGetFunction);
  require_alive("module", handle, "cuModuleGetFunction");
  auto &held = object_of<stand_in::module>(handle);
  if (held.image.find(std::string(name) + "(") == std::string::npos) {
    return cuda_not_found;
  }
  stand_in::host_kernel compiled;
  if (kernels().count(name) == 0) {
    if (!held.compiled) {
      held.compiled = stand_in::compile_for_host(held.image);
    }
    const auto at = held.compiled->find(name);
    if (at == held.compiled->end()) {
      return cuda_not_found;
    }
    compiled = at->second;
  }
  auto &kept = held.functions[name];
  if (!kept) {
    kept = std::make_unique<stand_in::function>(stand_in::function{name, 48 << 10, compiled});
  }
  *found = reinterpret_cast<function>(kept.get());
  return 0;
}

status cuFuncGetAttribute(int *value, int attribute, function) {
  STAND_IN_CALL(cuFuncGetAttribute);
  *value = attribute == function_registers       ? 40
           : attribute == function_static_shared ? 128
           : attribute == function_local_bytes   ? 8
                                                 : 0;
  return 0;
}

status cuFuncSetAttribute(function handle, int attribute, int value) {
  STAND_IN_CALL(cuFuncSetAttribute);
  if (attribute != function_max_dynamic_shared || value > 232448) {
    return cuda_invalid_value;
  }
  object_of<stand_in::function>(handle).dynamic_limit = value;
  return 0;
}

status cuFuncGetName(const char **name, function handle) {
  STAND_IN_CALL(cuFuncGetName);
  *name = object_of<stand_in::function>(handle).name.c_str();
  return 0;
}

status cuLaunchKernel(function handle, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                      unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                      stream on, void **args, void **extra) {
  STAND_IN_CALL(cuLaunchKernel);
  require_alive("stream", on, "cuLaunchKernel");
  auto &launched = object_of<stand_in::function>(handle);
  if (block_x * block_y * block_z > 1024 || extra != nullptr ||
      static_cast<int>(shared) > launched.dynamic_limit) {
    return cuda_invalid_value;
  }
  const stand_in::kernel_shape shape{
      {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared, handle, false};
  return stand_in::enqueue(object_of<stand_in::stream>(on), node_kernel, shape,
                           launched.compiled.run == nullptr
                               ? kernels().at(launched.name)(args)
                               : on_host(launched.compiled, args, shape));
}

status cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, function, int threads,
                                                   std::size_t) {
  STAND_IN_CALL(cuOccupancyMaxActiveBlocksPerMultiprocessor);
  *blocks = 2048 / threads;
  return 0;
}

status cuGraphInstantiateWithFlags(graph_exec *made, graph handle, unsigned long long flags) {
  STAND_IN_CALL(cuGraphInstantiateWithFlags);
  require_alive("graph", handle, "cuGraphInstantiateWithFlags");
  if (flags != 0) {
    return cuda_invalid_value;
  }
  // Keeps the nodes when the graph is destroyed.
  auto copy = std::make_shared<stand_in::graph>();
  std::map<const stand_in::graph_node *, stand_in::graph_node *> copies;
  for (const auto &node : object_of<stand_in::graph>(handle).nodes) {
    copy->nodes.push_back(std::make_unique<stand_in::graph_node>(*node));
    copies[node.get()] = copy->nodes.back().get();
    for (stand_in::graph_node *&before : copy->nodes.back()->after) {
      before = copies.at(before);
    }
  }
  auto *object = new std::shared_ptr<stand_in::graph>(std::move(copy));
  stand_in::born("graph exec", object);
  *made = reinterpret_cast<graph_exec>(object);
  return 0;
}

status cuGraphUpload(graph_exec handle, stream) {
  STAND_IN_CALL(cuGraphUpload);
  require_alive("graph exec", handle, "cuGraphUpload");
  return 0;
}

status cuGraphExecDestroy(graph_exec handle) {
  stand_in::died("graph exec", handle);
  delete &object_of<std::shared_ptr<stand_in::graph>>(handle);
  return 0;
}

status cuGraphDestroy(graph handle) {
  stand_in::died("graph", handle);
  delete &object_of<stand_in::graph>(handle);
  return 0;
}

status cuGraphGetNodes(graph handle, graph_node *nodes, std::size_t *count) {
  STAND_IN_CALL(cuGraphGetNodes);
  require_alive("graph", handle, "cuGraphGetNodes");
  const auto &held = object_of<stand_in::graph>(handle).nodes;
  // Last first: no order is promised.
  for (std::size_t i = 0; nodes != nullptr && i < held.size() && i < *count; i++) {
    nodes[i] = reinterpret_cast<graph_node>(held[held.size() - 1 - i].get());
  }
  *count = held.size();
  return 0;
}

status cuGraphNodeGetDependencies(graph_node handle, graph_node *before, std::size_t *count) {
  STAND_IN_CALL(cuGraphNodeGetDependencies);
  const auto &after = object_of<stand_in::graph_node>(handle).after;
  for (std::size_t i = 0; before != nullptr && i < after.size() && i < *count; i++) {
    before[i] = reinterpret_cast<graph_node>(after[i]);
  }
  *count = after.size();
  return 0;
}

status cuGraphNodeGetType(graph_node handle, int *type) {
  STAND_IN_CALL(cuGraphNodeGetType);
  *type = object_of<stand_in::graph_node>(handle).type;
  return 0;
}

status cuGraphKernelNodeGetParams(graph_node handle, kernel_node_params *params) {
  STAND_IN_CALL(cuGraphKernelNodeGetParams);
  const stand_in::kernel_shape &shape = object_of<stand_in::graph_node>(handle).shape;
  *params = {};
  params->func = shape.library ? nullptr : shape.function;
  params->kern = shape.library ? reinterpret_cast<kernel>(shape.function) : nullptr;
  params->grid_x = shape.grid[0];
  params->grid_y = shape.grid[1];
  params->grid_z = shape.grid[2];
  params->block_x = shape.block[0];
  params->block_y = shape.block[1];
  params->block_z = shape.block[2];
  params->shared_bytes = shape.shared;
  return 0;
}

status cuKernelGetFunction(function *found, kernel handle) {
  STAND_IN_CALL(cuKernelGetFunction);
  if (handle == nullptr) {
    return cuda_invalid_value;
  }
  *found = reinterpret_cast<function>(handle);
  return 0;
}

status cuGetProcAddress_v2(const char *symbol, void **found, int interface, std::uint64_t, int *) {
  const char *hidden = std::getenv("STAND_IN_LACKS");
  *found = nullptr;
  if (hidden != nullptr && std::strcmp(hidden, symbol) == 0) {
    return cuda_not_found;
  }
#define STAND_IN_FIND(name, since, args)                               \
  if (std::strcmp(symbol, #name) == 0 && is_declared(interface, since)) { \
    *found = reinterpret_cast<void *>(static_cast<name##_t>(&::name)); \
    return 0;                                                          \
  }
  TOPC_DRIVER_FUNCTIONS(STAND_IN_FIND)
  TOPC_DRIVER_OPTIONAL_FUNCTIONS(STAND_IN_FIND)
#undef STAND_IN_FIND
  return cuda_not_found;
}

}  // extern "C"
