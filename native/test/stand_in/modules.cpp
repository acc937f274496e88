// The driver's modules and kernels.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine.h"
#include "host_kernels.h"

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

// STAND_IN_CLOCK=IDLE:BUSY:TASKS: the clock in MHz before so many things were done, and after; 1000
// unless given.
std::uint64_t clock_mhz() {
  const char *wish = std::getenv("STAND_IN_CLOCK");
  unsigned long long idle = 1000;
  unsigned long long busy = 1000;
  unsigned long long tasks = 0;
  if (wish != nullptr) {
    (void)std::sscanf(wish, "%llu:%llu:%llu", &idle, &busy, &tasks);
  }
  return state().clock < tasks ? idle : busy;
}

// STAND_IN_STAMPS=INSIDE:GAP:STEP: nanoseconds inside of a kernel that notes when it ran and from its end to the
// next one, and the step of the device's timer; 100, 900 and 1 unless given.
struct stamp_times {
  unsigned long long inside = 100;
  unsigned long long gap = 900;
  unsigned long long step = 1;
};

stamp_times times_of_stamps() {
  stamp_times times;
  if (const char *wish = std::getenv("STAND_IN_STAMPS")) {
    (void)std::sscanf(wish, "%llu:%llu:%llu", &times.inside, &times.gap, &times.step);
  }
  return times;
}

// The device's time since 1970, as kernels that note it see it.
std::uint64_t device_ns = 1700000000000000000U;

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
      // readClock(duration, result): cycles and nanoseconds, at the clock of now.
      {"readClock",
       [](void **args) -> stand_in::work {
         const auto duration = argument<std::int64_t>(args, 0);
         const auto to = argument<std::uint64_t>(args, 1);
         return [=] {
           store(to, static_cast<std::uint64_t>(duration) * clock_mhz() / 1000);
           store(to + 8, static_cast<std::uint64_t>(duration));
         };
       }},
      // tick(result): the step of the timer.
      {"tick",
       [](void **args) -> stand_in::work {
         const auto to = argument<std::uint64_t>(args, 0);
         return [=] { store(to, times_of_stamps().step); };
       }},
      // stamp(result): start and end by the timer, and cycles in between.
      {"stamp",
       [](void **args) -> stand_in::work {
         const auto to = argument<std::uint64_t>(args, 0);
         return [=] {
           const auto [inside, gap, step] = times_of_stamps();
           device_ns += gap;
           store(to, device_ns / step * step);
           device_ns += inside;
           store(to + 8, device_ns / step * step);
           store(to + 16, inside * clock_mhz() / 1000);
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
      {grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared, handle, false,
      launched.name == "spin"};
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

}  // extern "C"
