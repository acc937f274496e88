// CUDA source to an image for a device.
#pragma once

#include "math_libraries.h"
#include "requests.h"

namespace topc {

struct compiled_image {
  std::string log;
  // A cubin, or PTX with a NUL at its end.
  std::string image;
};

// Compiles for `arch` (`sm_90`) with NVRTC. The folders of the toolkit's own headers (cuda_fp16.h)
// are added when they are next to the library.
// Fails: nvrtc_error with the log; library_missing.
[[nodiscard]] compiled_image compile_source(const nvrtc_api &nvrtc, const std::string &library_path,
                                            const compile_request &asked, const std::string &arch);

// Reads an image made by another compiler. Fails: io_error.
[[nodiscard]] compiled_image read_image(const std::string &path);

}  // namespace topc
