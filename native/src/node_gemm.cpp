// Matrix products by cuBLAS.
#include "gemm_matrix.h"

namespace topc {
namespace {

class gemm_node final : public node {
 public:
  gemm_node(const gemm_spec &spec, const node_tools &tools, const std::string &pointer)
      : cublas_(tools.libraries.cublas()),
        spec_(spec),
        a_(address_of(spec.a, stored_a(spec), spec, tools, pointer)),
        b_(address_of(spec.b, stored_b(spec), spec, tools, pointer)),
        c_(address_of(spec.c, stored_c(spec), spec, tools, pointer)) {
    if (spec.batch > 1 && spec.c.stride < std::int64_t{spec.c.leading} * spec.n) {
      throw bad_request(pointer + "/c/stride", "lets the results of the stack overlap");
    }
  }

  void launch(const stream_slot &slot) const override {
    const int type = cuda_type(spec_.dtype);
    TOPC_CALL(cublas_, cublasGemmStridedBatchedEx, slot.cublas.get(),
              spec_.transpose_a ? abi::transpose : abi::no_transpose,
              spec_.transpose_b ? abi::transpose : abi::no_transpose, spec_.m, spec_.n, spec_.k,
              &spec_.alpha, a_, type, spec_.a.leading, spec_.a.stride, b_, type, spec_.b.leading,
              spec_.b.stride, &spec_.beta, c_, type, spec_.c.leading, spec_.c.stride, spec_.batch,
              compute_type(spec_), abi::gemm_default);
  }

  void require(slot_needs &needs) const override { needs.cublas = true; }

 private:
  const cublas_api &cublas_;
  gemm_spec spec_;
  void *a_;
  void *b_;
  void *c_;
};

}  // namespace

std::unique_ptr<node> make_node(const gemm_spec &spec, const node_tools &tools,
                                const std::string &pointer) {
  return spec.epilogue ? make_extended_product(spec, tools, pointer)
                       : std::make_unique<gemm_node>(spec, tools, pointer);
}

}  // namespace topc
