// What the stand-ins of cuBLAS and cuDNN share.
#pragma once

#include "engine.h"

namespace stand_in {

// Makes what a handle stands for; it is alive until destroyed.
template <typename Object, typename Handle> topc::abi::status make(const char *kind, Handle *made) {
  auto *object = new Object;
  born(kind, object);
  *made = reinterpret_cast<Handle>(object);
  return 0;
}

template <typename Object, typename Handle> topc::abi::status destroy(const char *kind, Handle handle) {
  died(kind, handle);
  delete &object_of<Object>(handle);
  return 0;
}

// What a handle of cuDNN stands for.
struct dnn {
  stream *on = nullptr;
};

// Numbers of the device's memory.
inline float *floats(const void *address, std::uint64_t count) {
  return reinterpret_cast<float *>(
      device_bytes(reinterpret_cast<std::uint64_t>(address), count * sizeof(float)));
}

inline function &library_function(const char *name) {
  static std::map<std::string, function> all;
  return all.emplace(name, function{name}).first->second;
}

// A kernel of a library, which shows no function in a graph.
inline kernel_shape library_kernel(const char *name, unsigned blocks) {
  kernel_shape shape;
  shape.grid[0] = blocks;
  shape.block[0] = 128;
  shape.shared = 1024;
  shape.function = reinterpret_cast<topc::abi::function>(&library_function(name));
  shape.library = true;
  return shape;
}

}  // namespace stand_in
