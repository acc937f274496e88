// Opening a library at run time, and where to look for NVIDIA's.
#pragma once

#include <string>
#include <vector>

#include "failure.h"

namespace topc {

// An opened library. It stays open until the process ends: NVIDIA's libraries keep threads and
// handlers of their own, and do not expect to be closed.
struct shared_library {
  void *handle = nullptr;
  // The path at which the linker found it.
  std::string path;

  [[nodiscard]] void *symbol(const char *name) const;
};

// The outcome of looking for a library.
struct library_search {
  shared_library library;
  // The places tried before it was found, or in vain.
  std::vector<tried_path> tried;

  [[nodiscard]] bool found() const { return library.handle != nullptr; }
};

// The folders in which a CUDA toolkit or the Python packages of NVIDIA put their libraries: first
// `first`, then those of the environment, then the usual places. Only folders that exist.
[[nodiscard]] std::vector<std::string> library_folders(const std::vector<std::string> &first);

// Opens the first of `names` (newest first) that opens, folder by folder and by absolute path, then
// wherever the linker looks by itself.
//
// By absolute path and with RTLD_GLOBAL: cuBLAS and cuDNN load their siblings by bare name, which
// then is the library that is loaded already, wherever it is.
[[nodiscard]] library_search open_library(const std::vector<std::string> &names,
                                          const std::vector<std::string> &folders);

// Opens a library next to another one that loads it by bare name; NVRTC does so and finds it only
// where the linker looks. Does nothing when there is none.
void open_beside(const shared_library &other, const std::string &name);

}  // namespace topc
