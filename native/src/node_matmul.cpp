// Matrix products with bias, addition and activation, by one call of cuBLASLt.
//
// As with convolutions, the algorithm is chosen when the node is made: the first that cuBLASLt offers
// within the workspace and that works when it is called. Sums of partial results are made in a fixed
// order, so that two schedules of the same nodes compute the same bits. Where there is no cuBLASLt or
// it refuses, the product is cuBLAS's, and a kernel of our own follows.
#include <algorithm>
#include <array>
#include <optional>

#include "finish_kernel.h"
#include "gemm_matrix.h"

namespace topc {
namespace {

// What cuBLASLt may use; the slots of streams get as much as the chosen algorithms need.
constexpr std::uint64_t workspace_limit = std::uint64_t{32} << 20;
constexpr int offers_asked = 8;

// cuBLASLt's largest statement about an address: a multiple of 256.
std::uint32_t alignment_of(const void *address) {
  const auto number = reinterpret_cast<std::uintptr_t>(address) | 256;
  return static_cast<std::uint32_t>(number & (~number + 1));
}

// cuBLASLt's descriptors; absent after a failure.
struct lt_descriptors {
  owned<abi::lt_matmul> matmul;
  owned<abi::lt_layout> a;
  owned<abi::lt_layout> b;
  owned<abi::lt_layout> c;
  owned<abi::lt_preference> preference;
};

class product_node final : public node {
 public:
  product_node(const gemm_spec &spec, const node_tools &tools, const std::string &pointer)
      : spec_(spec),
        a_(address_of(spec.a, stored_a(spec), spec, tools, pointer)),
        b_(address_of(spec.b, stored_b(spec), spec, tools, pointer)),
        c_(address_of(spec.c, stored_c(spec), spec, tools, pointer)) {
    if (spec.batch != 1 || spec.beta != 0) {
      throw bad_request(pointer + "/epilogue", "is for one matrix, without beta");
    }
    const epilogue_spec &epilogue = *spec.epilogue;
    if (epilogue.bias) {
      const std::uint64_t bytes = static_cast<std::uint64_t>(spec.m) * bytes_of(spec.dtype);
      bias_ = reinterpret_cast<void *>(
          tools.memory.address(*epilogue.bias, bytes, pointer + "/epilogue/bias"));
    }
    if (epilogue.residual) {
      const matrix_spec matrix{*epilogue.residual, spec.c.leading, 0};
      const stored_matrix stored{spec.m, spec.n, "/epilogue/residual"};
      residual_ = address_of(matrix, stored, spec, tools, pointer);
    }
    tools.slots.prepare(1, {true, false, 0});
    if (!choose(tools)) {
      lt_ = nullptr;
      gemm_spec plain = spec;
      plain.epilogue.reset();
      plain_ = make_node(plain, tools, pointer);
      finish_.emplace(rest_of(spec), tools);
    }
  }

  void launch(const stream_slot &slot) const override {
    if (lt_ == nullptr) {
      plain_->launch(slot);
      finish_->launch(slot);
    } else if (const abi::status status = multiply(slot); status != 0) {
      throw failure(failure_code::cublas_error, "cublasLtMatmul failed")
          .with("call", std::string("cublasLtMatmul"))
          .with("status", static_cast<std::int64_t>(status));
    }
  }

  [[nodiscard]] node_settings settings() const override {
    return {workspace_bytes_, "", finish_.has_value()};
  }

  void require(slot_needs &needs) const override {
    needs.cublas = true;
    needs.workspace_bytes = std::max<std::uint64_t>(needs.workspace_bytes, workspace_bytes_);
  }

 private:
  // Finds an algorithm that works. Launches the product: overwrites c.
  bool choose(const node_tools &tools) {
    lt_ = tools.libraries.cublaslt();
    if (lt_ == nullptr || !describe()) {
      return false;
    }
    std::array<abi::lt_offer, offers_asked> offers{};
    int given = 0;
    const abi::status asked = lt_->cublasLtMatmulAlgoGetHeuristic(
        tools.slots.at(0).cublas.get(), parts_.matmul.get(), parts_.a.get(), parts_.b.get(),
        parts_.c.get(), parts_.c.get(), parts_.preference.get(), offers_asked, offers.data(),
        &given);
    return asked == 0 &&
           std::any_of(offers.begin(), offers.begin() + std::min(given, offers_asked),
                       [&](const auto &offer) { return take(tools, offer); });
  }

  bool take(const node_tools &tools, const abi::lt_offer &offer) {
    if (offer.outcome != 0 || offer.workspace_bytes > workspace_limit) {
      return false;
    }
    algorithm_ = offer.algorithm;
    workspace_bytes_ = offer.workspace_bytes;
    try {
      tools.slots.prepare(1, {true, false, workspace_bytes_});
    } catch (const failure &) {
      workspace_bytes_ = 0;
      return false;
    }
    const bool works = multiply(tools.slots.at(0)) == 0;
    workspace_bytes_ = works ? workspace_bytes_ : 0;
    return works;
  }

  [[nodiscard]] abi::status multiply(const stream_slot &slot) const {
    const float beta = residual_ == nullptr ? 0 : 1;
    void *workspace =
        workspace_bytes_ == 0 ? nullptr : reinterpret_cast<void *>(slot.workspace.get());
    return lt_->cublasLtMatmul(slot.cublas.get(), parts_.matmul.get(), &spec_.alpha, a_,
                               parts_.a.get(), b_, parts_.b.get(), &beta,
                               residual_ == nullptr ? c_ : residual_, parts_.c.get(), c_,
                               parts_.c.get(), &algorithm_, workspace, workspace_bytes_,
                               slot.stream.get());
  }

  bool describe() {
    return describe_matmul() && layout(parts_.a, spec_.a, stored_a(spec_)) &&
           layout(parts_.b, spec_.b, stored_b(spec_)) &&
           layout(parts_.c, spec_.c, stored_c(spec_)) && describe_preference();
  }

  bool describe_matmul() {
    abi::lt_matmul made = nullptr;
    if (lt_->cublasLtMatmulDescCreate(&made, compute_type(spec_), abi::real_f32) != 0) {
      return false;
    }
    parts_.matmul = {made, lt_->cublasLtMatmulDescDestroy};
    const auto set = [&](int attribute, const auto &value) {
      return lt_->cublasLtMatmulDescSetAttribute(made, attribute, &value, sizeof value) == 0;
    };
    const std::int32_t transpose_a = spec_.transpose_a ? abi::transpose : abi::no_transpose;
    const std::int32_t transpose_b = spec_.transpose_b ? abi::transpose : abi::no_transpose;
    return set(abi::lt_transpose_a, transpose_a) && set(abi::lt_transpose_b, transpose_b) &&
           set(abi::lt_epilogue, epilogue()) &&
           (bias_ == nullptr || set(abi::lt_bias_pointer, bias_));
  }

  [[nodiscard]] std::uint32_t epilogue() const {
    const activation_kind activation = spec_.epilogue->activation;
    const int applied = activation == activation_kind::relu   ? abi::lt_epilogue_relu
                        : activation == activation_kind::gelu ? abi::lt_epilogue_gelu
                                                              : 0;
    const int all = applied | (bias_ == nullptr ? 0 : abi::lt_epilogue_bias);
    return static_cast<std::uint32_t>(all == 0 ? abi::lt_epilogue_default : all);
  }

  bool layout(owned<abi::lt_layout> &into, const matrix_spec &matrix, const stored_matrix &stored) {
    abi::lt_layout made = nullptr;
    if (lt_->cublasLtMatrixLayoutCreate(&made, cuda_type(spec_.dtype),
                                        static_cast<std::uint64_t>(stored.rows),
                                        static_cast<std::uint64_t>(stored.columns),
                                        matrix.leading) != 0) {
      return false;
    }
    into = {made, lt_->cublasLtMatrixLayoutDestroy};
    return true;
  }

  bool describe_preference() {
    abi::lt_preference made = nullptr;
    if (lt_->cublasLtMatmulPreferenceCreate(&made) != 0) {
      return false;
    }
    parts_.preference = {made, lt_->cublasLtMatmulPreferenceDestroy};
    const auto set = [&](int attribute, const auto &value) {
      return lt_->cublasLtMatmulPreferenceSetAttribute(made, attribute, &value, sizeof value) == 0;
    };
    // Adding in place would be in the order in which thread blocks come.
    const std::uint32_t ordered = abi::lt_reduction_compute_type | abi::lt_reduction_output_type;
    const void *added = residual_ == nullptr ? c_ : residual_;
    return set(abi::lt_max_workspace, workspace_limit) &&
           set(abi::lt_reduction_schemes, ordered) &&
           set(abi::lt_alignment_a, alignment_of(a_)) &&
           set(abi::lt_alignment_b, alignment_of(b_)) &&
           set(abi::lt_alignment_c, alignment_of(added)) &&
           set(abi::lt_alignment_d, alignment_of(c_));
  }

  // What cuBLAS does not do.
  [[nodiscard]] finish_spec rest_of(const gemm_spec &spec) const {
    const std::string rows = std::to_string(spec.m) + "u";
    finish_spec rest;
    rest.dtype = spec.dtype;
    rest.count = static_cast<std::uint64_t>(spec.m) * static_cast<std::uint64_t>(spec.n);
    rest.place = spec.c.leading == spec.m
                     ? "at"
                     : "at / " + rows + " * " + std::to_string(spec.c.leading) + "u + at % " + rows;
    rest.channel = "at % " + rows;
    rest.y = reinterpret_cast<abi::device_ptr>(c_);
    if (bias_ != nullptr) {
      rest.bias = reinterpret_cast<abi::device_ptr>(bias_);
    }
    if (residual_ != nullptr) {
      rest.residual = reinterpret_cast<abi::device_ptr>(residual_);
    }
    rest.activation = spec.epilogue->activation;
    return rest;
  }

  gemm_spec spec_;
  void *a_;
  void *b_;
  void *c_;
  void *bias_ = nullptr;
  void *residual_ = nullptr;
  // Null when cuBLAS and the kernel do the work.
  const cublaslt_api *lt_ = nullptr;
  lt_descriptors parts_;
  abi::lt_algorithm algorithm_{};
  std::uint64_t workspace_bytes_ = 0;
  std::unique_ptr<node> plain_;
  std::optional<finish_kernel> finish_;
};

}  // namespace

std::unique_ptr<node> make_extended_product(const gemm_spec &spec, const node_tools &tools,
                                            const std::string &pointer) {
  return std::make_unique<product_node>(spec, tools, pointer);
}

}  // namespace topc
