// Convolutions by cuDNN.
//
// The algorithm is chosen when the node is made, from what cuDNN offers: the fastest (by its table,
// or timed) that is deterministic, keeps within the workspace and supports the node. Deterministic,
// so that two schedules of the same nodes must compute the same bits. cuDNN's offers are for the
// convolution alone; whether it accepts an algorithm for the convolution with bias, addition and
// activation shows only when it is called. So every offer is tried, and a refused one is skipped.
// Where all are refused with them, the convolution is called without, and a kernel of our own
// follows.
#include <algorithm>
#include <array>
#include <optional>

#include "conv_descriptors.h"
#include "finish_kernel.h"
#include "node.h"

namespace topc {
namespace {

const char *name_of_algorithm(int algorithm) {
  constexpr std::array<const char *, abi::conv_algorithms> names{
      "implicit-gemm", "implicit-precomp-gemm", "gemm",     "direct",
      "fft",           "fft-tiling",            "winograd", "winograd-nonfused"};
  return algorithm >= 0 && algorithm < abi::conv_algorithms
             ? names[static_cast<std::size_t>(algorithm)]
             : "unknown";
}

class conv_node final : public node {
 public:
  conv_node(const conv_spec &spec, const node_tools &tools, const std::string &pointer)
      : cudnn_(tools.libraries.cudnn()),
        descriptors_(cudnn_, spec, pointer),
        x_(address(spec.x, spec, tools, pointer + "/x")),
        w_(address(spec.w, spec, tools, pointer + "/w")),
        y_(address(spec.y, spec, tools, pointer + "/y")) {
    if (spec.bias) {
      const std::uint64_t bytes =
          static_cast<std::uint64_t>(spec.w.dims[0]) * bytes_of(spec.dtype);
      bias_ = reinterpret_cast<void *>(
          tools.memory.address(*spec.bias, bytes, pointer + "/bias"));
    }
    if (spec.residual) {
      residual_ = address({*spec.residual, spec.y.dims}, spec, tools, pointer + "/residual");
    }
    tools.slots.prepare(1, {false, true, 0});
    choose(spec, tools, pointer);
  }

  void launch(const stream_slot &slot) const override {
    cudnn_.check(convolve(slot), is_fused_ ? "cudnnConvolutionBiasActivationForward"
                                           : "cudnnConvolutionForward");
    if (finish_) {
      finish_->launch(slot);
    }
  }

  [[nodiscard]] node_settings settings() const override {
    return {workspace_bytes_, name_of_algorithm(algorithm_), finish_.has_value()};
  }

  void require(slot_needs &needs) const override {
    needs.cudnn = true;
    needs.workspace_bytes = std::max<std::uint64_t>(needs.workspace_bytes, workspace_bytes_);
  }

 private:
  static void *address(const tensor_spec &tensor, const conv_spec &spec, const node_tools &tools,
                       const std::string &pointer) {
    return reinterpret_cast<void *>(
        tools.memory.address(tensor.offset, element_count(tensor, pointer) * bytes_of(spec.dtype),
                             pointer));
  }

  void *workspace_of(const stream_slot &slot) const {
    return workspace_bytes_ == 0 ? nullptr : reinterpret_cast<void *>(slot.workspace.get());
  }

  abi::status convolve(const stream_slot &slot) const {
    const float one = 1;
    const float zero = 0;
    if (is_fused_) {
      const bool adds = residual_ != nullptr;
      return cudnn_.cudnnConvolutionBiasActivationForward(
          slot.cudnn.get(), &one, descriptors_.x(), x_, descriptors_.w(), w_,
          descriptors_.convolution(), algorithm_, workspace_of(slot), workspace_bytes_,
          adds ? &one : &zero, descriptors_.y(), adds ? residual_ : y_, descriptors_.bias(), bias_,
          descriptors_.activation(), descriptors_.y(), y_);
    }
    return cudnn_.cudnnConvolutionForward(
        slot.cudnn.get(), &one, descriptors_.x(), x_, descriptors_.w(), w_,
        descriptors_.convolution(), algorithm_, workspace_of(slot), workspace_bytes_, &zero,
        descriptors_.y(), y_);
  }

  void choose(const conv_spec &spec, const node_tools &tools, const std::string &pointer) {
    std::array<abi::conv_algorithm_offer, abi::conv_algorithms> offers{};
    const int given = spec.search == conv_spec::search_kind::measure
                          ? ask_for_timed(spec, tools, offers)
                          : ask_for_likely(tools, offers);
    const auto take_any = [&] {
      return std::any_of(offers.begin(), offers.begin() + given,
                         [&](const auto &offer) { return take(spec, tools, offer); });
    };
    is_fused_ = spec.bias.has_value();
    if (take_any()) {
      return;
    }
    if (is_fused_) {
      is_fused_ = false;
      if (take_any()) {
        finish_.emplace(rest_of(spec), tools);
        return;
      }
    }
    // If the device is lost, that is the error to report.
    TOPC_CUDA(tools.driver, cuCtxSynchronize, );
    throw failure(failure_code::unsupported,
                  "cuDNN offers no algorithm for the convolution within the workspace limit")
        .with("pointer", pointer)
        .with("offers", static_cast<std::int64_t>(given));
  }

  // What the call does not do.
  [[nodiscard]] finish_spec rest_of(const conv_spec &spec) const {
    std::uint64_t plane = 1;
    for (std::size_t i = 2; i < spec.y.dims.size(); i++) {
      plane *= static_cast<std::uint64_t>(spec.y.dims[i]);
    }
    const auto channels = static_cast<std::uint64_t>(spec.y.dims[1]);
    finish_spec rest;
    rest.dtype = spec.dtype;
    rest.count = static_cast<std::uint64_t>(spec.y.dims[0]) * channels * plane;
    rest.place = "at";
    rest.channel =
        "at / " + std::to_string(plane) + "u % " + std::to_string(channels) + "u";
    rest.y = reinterpret_cast<abi::device_ptr>(y_);
    rest.bias = reinterpret_cast<abi::device_ptr>(bias_);
    if (residual_ != nullptr) {
      rest.residual = reinterpret_cast<abi::device_ptr>(residual_);
    }
    rest.activation = spec.relu ? activation_kind::relu : activation_kind::none;
    return rest;
  }

  template <typename Offers> int ask_for_likely(const node_tools &tools, Offers &offers) const {
    int given = 0;
    TOPC_CALL(cudnn_, cudnnGetConvolutionForwardAlgorithm_v7, tools.slots.at(0).cudnn.get(),
              descriptors_.x(), descriptors_.w(), descriptors_.convolution(), descriptors_.y(),
              abi::conv_algorithms, &given, offers.data());
    return std::min(given, abi::conv_algorithms);
  }

  // Runs all algorithms: overwrites y.
  template <typename Offers>
  int ask_for_timed(const conv_spec &spec, const node_tools &tools, Offers &offers) const {
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    TOPC_CUDA(tools.driver, cuMemGetInfo, &free_bytes, &total_bytes);
    const std::uint64_t bytes = std::min<std::uint64_t>(spec.workspace_limit, free_bytes / 2);
    const owned<abi::device_ptr> workspace =
        bytes == 0 ? owned<abi::device_ptr>() : allocate(tools.driver, bytes);
    int given = 0;
    TOPC_CALL(cudnn_, cudnnFindConvolutionForwardAlgorithmEx, tools.slots.at(0).cudnn.get(),
              descriptors_.x(), x_, descriptors_.w(), w_, descriptors_.convolution(),
              descriptors_.y(), y_, abi::conv_algorithms, &given, offers.data(),
              reinterpret_cast<void *>(workspace.get()), bytes);
    TOPC_CUDA(tools.driver, cuCtxSynchronize, );
    return std::min(given, abi::conv_algorithms);
  }

  // Accepts the offer if it works. Launches the convolution: overwrites y.
  bool take(const conv_spec &spec, const node_tools &tools,
            const abi::conv_algorithm_offer &offer) {
    // With a bias and no activation cuDNN can do this one only.
    const bool can = !is_fused_ || spec.relu || offer.algorithm == abi::conv_implicit_precomp_gemm;
    if (offer.outcome != 0 || offer.determinism != abi::cudnn_deterministic || !can) {
      return false;
    }
    descriptors_.set_math(spec, offer.math);
    std::size_t bytes = 0;
    const abi::status status = cudnn_.cudnnGetConvolutionForwardWorkspaceSize(
        tools.slots.at(0).cudnn.get(), descriptors_.x(), descriptors_.w(),
        descriptors_.convolution(), descriptors_.y(), offer.algorithm, &bytes);
    if (status != 0 || bytes > spec.workspace_limit) {
      return false;
    }
    algorithm_ = offer.algorithm;
    workspace_bytes_ = bytes;
    return has_workspace(tools) && convolve(tools.slots.at(0)) == 0;
  }

  // Whether the device has room for the workspace now.
  bool has_workspace(const node_tools &tools) const {
    try {
      tools.slots.prepare(1, {false, true, workspace_bytes_});
      return true;
    } catch (const failure &) {
      return false;
    }
  }

  const cudnn_api &cudnn_;
  conv_descriptors descriptors_;
  void *x_;
  void *w_;
  void *y_;
  void *bias_ = nullptr;
  void *residual_ = nullptr;
  // Whether cuDNN's call has bias, addition and activation; if not and there is a bias, a kernel has.
  bool is_fused_ = false;
  std::optional<finish_kernel> finish_;
  int algorithm_ = abi::conv_implicit_gemm;
  std::size_t workspace_bytes_ = 0;
};

}  // namespace

std::unique_ptr<node> make_node(const conv_spec &spec, const node_tools &tools,
                                const std::string &pointer) {
  return std::make_unique<conv_node>(spec, tools, pointer);
}

}  // namespace topc
