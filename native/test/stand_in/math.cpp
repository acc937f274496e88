// NVRTC and cuBLAS on the host: just enough arithmetic to see whether they are called rightly.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>

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

namespace {

struct product {
  int compute = -1;
  std::int32_t transpose_a = no_transpose;
  std::int32_t transpose_b = no_transpose;
  std::uint32_t epilogue = lt_epilogue_default;
  const void *bias = nullptr;
};

struct layout {
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::int64_t leading = 0;
};

struct preference {
  std::uint64_t workspace = 0;
  std::uint32_t schemes = 7;
  // cuBLASLt believes what it is told, 256 unless it is told less.
  std::uint32_t alignments[4] = {256, 256, 256, 256};
};

template <typename Value>
status set(Value &into, const void *value, std::size_t bytes) {
  if (bytes != sizeof into) {
    return invalid_value;
  }
  std::memcpy(&into, value, bytes);
  return 0;
}

constexpr std::size_t lt_workspace = 128;

// Whether this cuBLASLt refuses epilogues: STAND_IN_EPILOGUES=none.
bool refuses_epilogues() {
  const char *wish = std::getenv("STAND_IN_EPILOGUES");
  return wish != nullptr && std::strcmp(wish, "none") == 0;
}

float activated(std::uint32_t epilogue, float value) {
  if ((epilogue & lt_epilogue_relu) != 0) {
    return std::max(value, 0.0F);
  }
  if ((epilogue & lt_epilogue_gelu) != 0) {
    const float inner = 0.7978845608F * (value + 0.044715F * value * value * value);
    return value / 2 * (1 + std::tanh(inner));
  }
  return value;
}

}  // namespace

extern "C" {

status cublasLtMatmulDescCreate(lt_matmul *made, int compute, int scale_type) {
  STAND_IN_CALL(cublasLtMatmulDescCreate);
  make<product>("product", made);
  object_of<product>(*made).compute = compute;
  return scale_type == real_f32 ? 0 : invalid_value;
}

status cublasLtMatmulDescDestroy(lt_matmul handle) { return destroy<product>("product", handle); }

status cublasLtMatmulDescSetAttribute(lt_matmul handle, int attribute, const void *value,
                                      std::size_t bytes) {
  STAND_IN_CALL(cublasLtMatmulDescSetAttribute);
  auto &described = object_of<product>(handle);
  switch (attribute) {
    case lt_transpose_a:
      return set(described.transpose_a, value, bytes);
    case lt_transpose_b:
      return set(described.transpose_b, value, bytes);
    case lt_epilogue:
      return set(described.epilogue, value, bytes);
    case lt_bias_pointer:
      return set(described.bias, value, bytes);
    default:
      return invalid_value;
  }
}

status cublasLtMatrixLayoutCreate(lt_layout *made, int type, std::uint64_t rows,
                                  std::uint64_t columns, std::int64_t leading) {
  STAND_IN_CALL(cublasLtMatrixLayoutCreate);
  make<layout>("layout", made);
  object_of<layout>(*made) = {rows, columns, leading};
  return type == real_f32 ? 0 : invalid_value;
}

status cublasLtMatrixLayoutDestroy(lt_layout handle) { return destroy<layout>("layout", handle); }

status cublasLtMatmulPreferenceCreate(lt_preference *made) {
  STAND_IN_CALL(cublasLtMatmulPreferenceCreate);
  return make<preference>("preference", made);
}

status cublasLtMatmulPreferenceDestroy(lt_preference handle) {
  return destroy<preference>("preference", handle);
}

status cublasLtMatmulPreferenceSetAttribute(lt_preference handle, int attribute,
                                            const void *value, std::size_t bytes) {
  STAND_IN_CALL(cublasLtMatmulPreferenceSetAttribute);
  auto &wished = object_of<preference>(handle);
  switch (attribute) {
    case lt_max_workspace:
      return set(wished.workspace, value, bytes);
    case lt_reduction_schemes:
      return set(wished.schemes, value, bytes);
    case lt_alignment_a:
    case lt_alignment_b:
    case lt_alignment_c:
    case lt_alignment_d:
      return set(wished.alignments[attribute - lt_alignment_a], value, bytes);
    default:
      return invalid_value;
  }
}

// First one that does not work, then one that wants too much, then a usable one.
status cublasLtMatmulAlgoGetHeuristic(cublas_handle, lt_matmul handle, lt_layout, lt_layout,
                                      lt_layout, lt_layout, lt_preference wished, int asked,
                                      lt_offer *offers, int *given) {
  STAND_IN_CALL(cublasLtMatmulAlgoGetHeuristic);
  const auto &wishes = object_of<preference>(wished);
  // Sums in place are in no order.
  if ((wishes.schemes & 1U) != 0 || object_of<product>(handle).compute < 0 || asked < 3) {
    return invalid_value;
  }
  const std::uint64_t alignment =
      *std::min_element(std::begin(wishes.alignments), std::end(wishes.alignments));
  const lt_offer all[] = {{{{1}}, lt_workspace, 0, 1, {}},
                          {{{2}}, wishes.workspace + 1, 0, 1, {}},
                          {{{3, alignment}}, lt_workspace, 0, 1, {}}};
  std::copy(std::begin(all), std::end(all), offers);
  *given = 3;
  return 0;
}

status cublasLtMatmul(cublas_handle handle, lt_matmul matmul, const void *alpha, const void *a,
                      lt_layout a_desc, const void *b, lt_layout b_desc, const void *beta,
                      const void *c, lt_layout c_desc, void *d, lt_layout d_desc,
                      const lt_algorithm *algorithm, void *workspace, std::size_t bytes,
                      stream on) {
  STAND_IN_CALL(cublasLtMatmul);
  require_alive("cublas", handle, "cublasLtMatmul");
  const auto described = object_of<product>(matmul);
  if (refuses_epilogues() || algorithm->data[0] != 3 || bytes != lt_workspace ||
      stand_in::device_bytes(reinterpret_cast<std::uint64_t>(workspace), bytes) == nullptr) {
    return invalid_value;
  }
  for (const void *matrix : {a, b, c, static_cast<const void *>(d)}) {
    if (reinterpret_cast<std::uint64_t>(matrix) % algorithm->data[1] != 0) {
      return invalid_value;
    }
  }
  const auto [m, n, c_leading] = object_of<layout>(c_desc);
  const auto left = object_of<layout>(a_desc);
  const auto right = object_of<layout>(b_desc);
  if (object_of<layout>(d_desc).rows != m) {
    return invalid_value;
  }
  const std::uint64_t k = described.transpose_a == transpose ? left.rows : left.columns;
  const float scale = *static_cast<const float *>(alpha);
  const float keep = *static_cast<const float *>(beta);
  const auto rows = m;
  const auto columns = n;
  const auto leading = c_leading;
  return stand_in::enqueue(
      object_of<stand_in::stream>(on), node_kernel,
      library_kernel("stand_in_matmul", static_cast<unsigned>(m)), [=] {
        const auto *x = static_cast<const float *>(a);
        const auto *y = static_cast<const float *>(b);
        for (std::uint64_t row = 0; row < rows; row++) {
          for (std::uint64_t column = 0; column < columns; column++) {
            float sum = 0;
            for (std::uint64_t i = 0; i < k; i++) {
              const float *p = floats(
                  x + (described.transpose_a == transpose ? i + row * left.leading
                                                          : row + i * left.leading),
                  1);
              const float *q = floats(
                  y + (described.transpose_b == transpose ? column + i * right.leading
                                                          : i + column * right.leading),
                  1);
              sum += p != nullptr && q != nullptr ? *p * *q : 0;
            }
            const std::uint64_t place = row + column * leading;
            const float *added = floats(static_cast<const float *>(c) + place, 1);
            float value = scale * sum + (keep == 0 || added == nullptr ? 0 : keep * *added);
            if ((described.epilogue & lt_epilogue_bias) != 0) {
              const float *bias = floats(static_cast<const float *>(described.bias) + row, 1);
              value += bias != nullptr ? *bias : -1e30F;
            }
            if (float *result = floats(static_cast<float *>(d) + place, 1)) {
              *result = activated(described.epilogue, value);
            }
          }
        }
      });
}

}  // extern "C"
