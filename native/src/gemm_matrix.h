// The matrices of a product, and the numbers by which cuBLAS knows their types.
#pragma once

#include "node.h"

namespace topc {

// cudaDataType of the elements.
[[nodiscard]] inline int cuda_type(data_type type) {
  switch (type) {
    case data_type::f32:
      return abi::real_f32;
    case data_type::f16:
      return abi::real_f16;
    case data_type::bf16:
      return abi::real_bf16;
  }
  return abi::real_f32;
}

// cublasComputeType_t of the product.
[[nodiscard]] inline int compute_type(const gemm_spec &spec) {
  const bool tf32 = spec.dtype == data_type::f32 && spec.math == math_mode::tf32;
  return tf32 ? abi::compute_f32_tf32 : abi::compute_f32;
}

// A matrix of the stack, as stored.
struct stored_matrix {
  int rows;
  int columns;
  const char *name;
};

[[nodiscard]] inline stored_matrix stored_a(const gemm_spec &spec) {
  return spec.transpose_a ? stored_matrix{spec.k, spec.m, "/a"}
                          : stored_matrix{spec.m, spec.k, "/a"};
}

[[nodiscard]] inline stored_matrix stored_b(const gemm_spec &spec) {
  return spec.transpose_b ? stored_matrix{spec.n, spec.k, "/b"}
                          : stored_matrix{spec.k, spec.n, "/b"};
}

[[nodiscard]] inline stored_matrix stored_c(const gemm_spec &spec) {
  return {spec.m, spec.n, "/c"};
}

// The address of a stack of matrices. Fails: bad_request when they leave the arena.
[[nodiscard]] inline void *address_of(const matrix_spec &matrix, const stored_matrix &stored,
                                      const gemm_spec &spec, const node_tools &tools,
                                      const std::string &pointer) {
  const std::string at = pointer + stored.name;
  if (matrix.leading < stored.rows) {
    throw bad_request(at + "/leading", "is less than the " + std::to_string(stored.rows) +
                                           " rows of the matrix");
  }
  // May be up to 2^71 elements, more than 64 bits count: checked in floating point first.
  const double about = static_cast<double>(matrix.leading) * stored.columns +
                       static_cast<double>(matrix.stride) * spec.batch;
  if (about > 1e15) {
    throw bad_request(at, "is larger than any memory");
  }
  const std::int64_t elements = std::int64_t{matrix.leading} * (stored.columns - 1) + stored.rows +
                                matrix.stride * (spec.batch - 1);
  const std::uint64_t bytes = static_cast<std::uint64_t>(elements) * bytes_of(spec.dtype);
  return reinterpret_cast<void *>(tools.memory.address(matrix.offset, bytes, at));
}

// A product with an epilogue. Fails: as make_node.
[[nodiscard]] std::unique_ptr<node> make_extended_product(const gemm_spec &spec,
                                                          const node_tools &tools,
                                                          const std::string &pointer);

}  // namespace topc
