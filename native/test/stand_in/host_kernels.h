// CUDA C on the host: what NVRTC would compile for a GPU is compiled by the machine's own compiler.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace stand_in {

// A kernel whose arguments are all pointers. `pointers` are those of the host.
struct host_kernel {
  void (*run)(void *const *pointers, const unsigned *grid, const unsigned *block) = nullptr;
  std::size_t arguments = 0;
};

// All kernels of a source, by name; nothing when the source reads the clocks of a GPU.
std::map<std::string, host_kernel> compile_for_host(const std::string &source);

}  // namespace stand_in
