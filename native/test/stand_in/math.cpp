// NVRTC and cuBLAS on the host: just enough arithmetic to see whether they are called rightly.
#include <cstring>

#include "library_objects.h"

using namespace topc::abi;
using stand_in::destroy;
using stand_in::floats;
using stand_in::library_kernel;
using stand_in::make;
using stand_in::object_of;
using stand_in::require_alive;

namespace {

// Statuses of the libraries.
constexpr status compilation_failed = 6;
constexpr status invalid_value = 7;

struct program {
  std::string source;
  std::string log;
};

struct blas {
  stand_in::stream *on = nullptr;
  std::uint64_t workspace = 0;
};

}  // namespace

extern "C" {

const char *nvrtcGetErrorString(status error) {
  return error == compilation_failed ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR";
}

status nvrtcVersion(int *major, int *minor) {
  *major = 13;
  *minor = 0;
  return 0;
}

status nvrtcCreateProgram(nvrtc_program *made, const char *source, const char *, int,
                          const char *const *, const char *const *) {
  STAND_IN_CALL(nvrtcCreateProgram);
  make<program>("program", made);
  object_of<program>(*made).source = source;
  return 0;
}

status nvrtcDestroyProgram(nvrtc_program *handle) {
  return destroy<program>("program", *handle);
}

status nvrtcCompileProgram(nvrtc_program handle, int options, const char *const *texts) {
  STAND_IN_CALL(nvrtcCompileProgram);
  auto &compiled = object_of<program>(handle);
  for (int i = 0; i < options; i++) {
    compiled.log += std::string(texts[i]) + "\n";
  }
  if (compiled.source.find("#error") != std::string::npos) {
    compiled.log = "source.cu(1): error: #error\nmore\n";
    return compilation_failed;
  }
  return 0;
}

status nvrtcGetProgramLogSize(nvrtc_program handle, std::size_t *bytes) {
  STAND_IN_CALL(nvrtcGetProgramLogSize);
  *bytes = object_of<program>(handle).log.size() + 1;
  return 0;
}

status nvrtcGetProgramLog(nvrtc_program handle, char *log) {
  STAND_IN_CALL(nvrtcGetProgramLog);
  const auto &text = object_of<program>(handle).log;
  std::memcpy(log, text.c_str(), text.size() + 1);
  return 0;
}

status nvrtcGetCUBINSize(nvrtc_program handle, std::size_t *bytes) {
  STAND_IN_CALL(nvrtcGetCUBINSize);
  *bytes = object_of<program>(handle).source.size() + 1;
  return 0;
}

status nvrtcGetCUBIN(nvrtc_program handle, char *image) {
  STAND_IN_CALL(nvrtcGetCUBIN);
  const auto &text = object_of<program>(handle).source;
  std::memcpy(image, text.c_str(), text.size() + 1);
  return 0;
}

std::size_t cublasLtGetVersion() { return 130101; }

const char *cublasGetStatusName(status) { return "CUBLAS_STATUS_OF_STAND_IN"; }

status cublasGetProperty(int property, int *value) {
  constexpr int version[] = {13, 1, 1};
  *value = version[property];
  return 0;
}

status cublasCreate_v2(cublas_handle *made) {
  STAND_IN_CALL(cublasCreate_v2);
  return make<blas>("cublas", made);
}

status cublasDestroy_v2(cublas_handle handle) { return destroy<blas>("cublas", handle); }

status cublasSetStream_v2(cublas_handle handle, stream on) {
  STAND_IN_CALL(cublasSetStream_v2);
  require_alive("cublas", handle, "cublasSetStream_v2");
  object_of<blas>(handle) = {&object_of<stand_in::stream>(on), 0};
  return 0;
}

status cublasSetWorkspace_v2(cublas_handle handle, void *workspace, std::size_t bytes) {
  STAND_IN_CALL(cublasSetWorkspace_v2);
  require_alive("cublas", handle, "cublasSetWorkspace_v2");
  const auto address = reinterpret_cast<std::uint64_t>(workspace);
  if (stand_in::device_bytes(address, bytes) == nullptr) {
    return invalid_value;
  }
  object_of<blas>(handle).workspace = address;
  return 0;
}

status cublasGemmStridedBatchedEx(cublas_handle handle, int transpose_a, int transpose_b, int m,
                                  int n, int k, const void *alpha, const void *a, int a_type,
                                  int a_leading, long long a_stride, const void *b, int b_type,
                                  int b_leading, long long b_stride, const void *beta, void *c,
                                  int c_type, int c_leading, long long c_stride, int batch,
                                  int compute, int algorithm) {
  STAND_IN_CALL(cublasGemmStridedBatchedEx);
  require_alive("cublas", handle, "cublasGemmStridedBatchedEx");
  const auto &used = object_of<blas>(handle);
  // Without a workspace of its own cuBLAS would allocate within the capture.
  if (used.workspace == 0 || a_type != real_f32 || b_type != real_f32 || c_type != real_f32 ||
      (compute != compute_f32 && compute != compute_f32_tf32) || algorithm != gemm_default) {
    return invalid_value;
  }
  const float scale = *static_cast<const float *>(alpha);
  const float keep = *static_cast<const float *>(beta);
  return stand_in::enqueue(
      *used.on, node_kernel, library_kernel("stand_in_gemm", static_cast<unsigned>(m)), [=] {
        for (int item = 0; item < batch; item++) {
          const auto *left = static_cast<const float *>(a) + item * a_stride;
          const auto *right = static_cast<const float *>(b) + item * b_stride;
          auto *to = static_cast<float *>(c) + item * c_stride;
          for (int row = 0; row < m; row++) {
            for (int column = 0; column < n; column++) {
              float sum = 0;
              for (int i = 0; i < k; i++) {
                const float *x =
                    floats(left + (transpose_a != 0 ? i + row * a_leading : row + i * a_leading), 1);
                const float *y = floats(
                    right + (transpose_b != 0 ? column + i * b_leading : i + column * b_leading),
                    1);
                sum += x != nullptr && y != nullptr ? *x * *y : 0;
              }
              if (float *result = floats(to + row + column * c_leading, 1)) {
                *result = scale * sum + (keep == 0 ? 0 : keep * *result);
              }
            }
          }
        }
      });
}

}  // extern "C"
