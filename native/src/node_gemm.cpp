// Matrix products by cuBLAS.
#include "node.h"

namespace topc {
namespace {

int cuda_type(data_type type) {
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

// A matrix of the stack, as stored.
struct stored_matrix {
  int rows;
  int columns;
  const char *name;
};

class gemm_node final : public node {
 public:
  gemm_node(const gemm_spec &spec, const node_tools &tools, const std::string &pointer)
      : cublas_(tools.libraries.cublas()),
        spec_(spec),
        a_(place(spec.a,
                 spec.transpose_a ? stored_matrix{spec.k, spec.m, "/a"}
                                  : stored_matrix{spec.m, spec.k, "/a"},
                 tools, pointer)),
        b_(place(spec.b,
                 spec.transpose_b ? stored_matrix{spec.n, spec.k, "/b"}
                                  : stored_matrix{spec.k, spec.n, "/b"},
                 tools, pointer)),
        c_(place(spec.c, {spec.m, spec.n, "/c"}, tools, pointer)) {
    if (spec.batch > 1 && spec.c.stride < std::int64_t{spec.c.leading} * spec.n) {
      throw bad_request(pointer + "/c/stride", "lets the results of the stack overlap");
    }
  }

  void launch(const stream_slot &slot) const override {
    const int type = cuda_type(spec_.dtype);
    const bool tf32 = spec_.dtype == data_type::f32 && spec_.math == math_mode::tf32;
    TOPC_CALL(cublas_, cublasGemmStridedBatchedEx, slot.cublas.get(),
              spec_.transpose_a ? abi::transpose : abi::no_transpose,
              spec_.transpose_b ? abi::transpose : abi::no_transpose, spec_.m, spec_.n, spec_.k,
              &spec_.alpha, a_, type, spec_.a.leading, spec_.a.stride, b_, type, spec_.b.leading,
              spec_.b.stride, &spec_.beta, c_, type, spec_.c.leading, spec_.c.stride, spec_.batch,
              tf32 ? abi::compute_f32_tf32 : abi::compute_f32, abi::gemm_default);
  }

  void require(slot_needs &needs) const override { needs.cublas = true; }

 private:
  void *place(const matrix_spec &matrix, const stored_matrix &stored, const node_tools &tools,
              const std::string &pointer) const {
    const std::string at = pointer + stored.name;
    if (matrix.leading < stored.rows) {
      throw bad_request(at + "/leading", "is less than the " + std::to_string(stored.rows) +
                                             " rows of the matrix");
    }
    // May be up to 2^71 elements, more than 64 bits count: checked in floating point first.
    const double about = static_cast<double>(matrix.leading) * stored.columns +
                         static_cast<double>(matrix.stride) * spec_.batch;
    if (about > 1e15) {
      throw bad_request(at, "is larger than any memory");
    }
    const std::int64_t elements = std::int64_t{matrix.leading} * (stored.columns - 1) +
                                  stored.rows + matrix.stride * (spec_.batch - 1);
    const std::uint64_t bytes = static_cast<std::uint64_t>(elements) * bytes_of(spec_.dtype);
    return reinterpret_cast<void *>(tools.memory.address(matrix.offset, bytes, at));
  }

  const cublas_api &cublas_;
  gemm_spec spec_;
  void *a_;
  void *b_;
  void *c_;
};

}  // namespace

std::unique_ptr<node> make_node(const gemm_spec &spec, const node_tools &tools,
                                const std::string &pointer) {
  return std::make_unique<gemm_node>(spec, tools, pointer);
}

}  // namespace topc
