// Convolutions by cuDNN.
//
// The algorithm is chosen when the node is made, from what cuDNN offers: the fastest (by its table,
// or timed) that is deterministic, keeps within the workspace and supports the node. Deterministic,
// so that two schedules of the same nodes must compute the same bits. cuDNN's offers are for the
// convolution alone; whether it accepts an algorithm for the convolution with bias, addition and
// activation shows only when it is called. So every offer is tried, and a refused one is skipped.
// Where all are refused with them, the convolution is called without, and a kernel of our own
// follows. Where a result among the channels of a larger tensor is refused, it is made in the workspace
// and copied; where tensors with channels last are refused altogether, all of them are copied to rows
// there, and the result back.
#include <algorithm>
#include <array>
#include <optional>

#include "conv_descriptors.h"
#include "finish_kernel.h"
#include "node.h"
#include "turn_kernel.h"

namespace topc {
namespace {

// Tensors of a convolution as cuDNN takes them, in the workspace behind the library's own part: the
// result alone, not yet among the channels of a larger tensor; or all of them, as rows.
class copied_tensors {
 public:
  copied_tensors(const conv_spec &spec, bool rows, const node_tools &tools)
      : y_(spec.y.dims, spec.y.channels > 0 ? spec.y.channels : spec.y.dims[1], spec.dtype,
           rows ? turning::to_channels_last : turning::none, tools),
        y_bytes_(room(spec.y, spec.dtype)) {
    if (rows) {
      const auto to_rows = [&](const tensor_spec &tensor) {
        return turn_kernel(tensor.dims, tensor.dims[1], spec.dtype, turning::to_rows, tools);
      };
      x_.emplace(to_rows(spec.x));
      w_.emplace(to_rows(spec.w));
      added_.emplace(to_rows(spec.y));
      x_bytes_ = room(spec.x, spec.dtype);
      w_bytes_ = room(spec.w, spec.dtype);
    }
  }

  [[nodiscard]] const char *what() const { return x_ ? "all" : "result"; }
  [[nodiscard]] std::uint64_t bytes() const {
    return x_bytes_ + w_bytes_ + y_bytes_ + (x_ ? y_bytes_ : 0);
  }
  [[nodiscard]] static std::uint64_t aligned(std::uint64_t bytes) {
    return (bytes + 255) / 256 * 256;
  }

  struct operands {
    void *x;
    void *w;
    void *y;
    void *residual;
  };

  // Copies what is read behind `start`, and returns what the library is given.
  operands prepare(const stream_slot &slot, abi::device_ptr start, const operands &given) const {
    operands made = given;
    made.y = reinterpret_cast<void *>(start);
    abi::device_ptr next = start + y_bytes_;
    const auto copy = [&](const turn_kernel &kernel, void *&operand, std::uint64_t bytes) {
      kernel.launch(slot, reinterpret_cast<abi::device_ptr>(operand), next);
      operand = reinterpret_cast<void *>(next);
      next += bytes;
    };
    if (x_) {
      copy(*x_, made.x, x_bytes_);
      copy(*w_, made.w, w_bytes_);
      if (made.residual != nullptr) {
        copy(*added_, made.residual, y_bytes_);
      }
    }
    return made;
  }

  void bring_back(const stream_slot &slot, const operands &made, void *y) const {
    y_.launch(slot, reinterpret_cast<abi::device_ptr>(made.y),
              reinterpret_cast<abi::device_ptr>(y));
  }

 private:
  static std::uint64_t room(const tensor_spec &tensor, data_type type) {
    return aligned(element_count(tensor, "") * bytes_of(type));
  }

  std::optional<turn_kernel> x_;
  std::optional<turn_kernel> w_;
  std::optional<turn_kernel> added_;
  turn_kernel y_;
  std::uint64_t x_bytes_ = 0;
  std::uint64_t w_bytes_ = 0;
  std::uint64_t y_bytes_;
};

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
        descriptors_(std::in_place, cudnn_, spec, pointer),
        x_(address(spec.x, spec, tools, pointer + "/x")),
        w_(address(spec.w, spec, tools, pointer + "/w")),
        y_(address(extent_of(spec.y), spec, tools, pointer + "/y")) {
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
    return {slot_bytes(), name_of_algorithm(algorithm_), finish_.has_value(),
            copied_ ? copied_->what() : nullptr};
  }

  void require(slot_needs &needs) const override {
    needs.cudnn = true;
    needs.workspace_bytes = std::max<std::uint64_t>(needs.workspace_bytes, slot_bytes());
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

  // The library's workspace and, behind it, copies of tensors.
  std::uint64_t slot_bytes() const {
    return copied_ ? copied_tensors::aligned(workspace_bytes_) + copied_->bytes()
                   : workspace_bytes_;
  }

  abi::status convolve(const stream_slot &slot) const {
    const copied_tensors::operands given{x_, w_, y_, is_fused_ ? residual_ : nullptr};
    if (!copied_) {
      return call(slot, given);
    }
    const abi::device_ptr start =
        slot.workspace.get() + copied_tensors::aligned(workspace_bytes_);
    const copied_tensors::operands made = copied_->prepare(slot, start, given);
    const abi::status status = call(slot, made);
    if (status == 0) {
      copied_->bring_back(slot, made, y_);
    }
    return status;
  }

  abi::status call(const stream_slot &slot, const copied_tensors::operands &given) const {
    const auto [x, w, y, residual] = given;
    const float one = 1;
    const float zero = 0;
    const conv_descriptors &of = *descriptors_;
    if (is_fused_) {
      const bool adds = residual != nullptr;
      return cudnn_.cudnnConvolutionBiasActivationForward(
          slot.cudnn.get(), &one, of.x(), x, of.w(), w, of.convolution(), algorithm_,
          workspace_of(slot), workspace_bytes_, adds ? &one : &zero, adds ? of.added() : of.y(),
          adds ? residual : y, of.bias(), bias_, of.activation(), of.y(), y);
    }
    return cudnn_.cudnnConvolutionForward(slot.cudnn.get(), &one, of.x(), x, of.w(), w,
                                          of.convolution(), algorithm_, workspace_of(slot),
                                          workspace_bytes_, &zero, of.y(), y);
  }

  void choose(const conv_spec &spec, const node_tools &tools, const std::string &pointer) {
    if (can_choose(spec, tools) || (spec.y.channels > 0 && can_copy(spec, false, tools, pointer)) ||
        (spec.channels_last && can_copy(spec, true, tools, pointer))) {
      return;
    }
    // If the device is lost, that is the error to report.
    TOPC_CUDA(tools.driver, cuCtxSynchronize, );
    throw failure(failure_code::unsupported,
                  "cuDNN offers no algorithm for the convolution within the workspace limit")
        .with("pointer", pointer)
        .with("offers", static_cast<std::int64_t>(given_));
  }

  // The same with copies of tensors.
  bool can_copy(const conv_spec &spec, bool rows, const node_tools &tools,
                const std::string &pointer) {
    conv_spec called = spec;
    called.y.channels = 0;
    called.channels_last = !rows;
    descriptors_.emplace(cudnn_, called, pointer);
    copied_.emplace(spec, rows, tools);
    return can_choose(spec, tools);
  }

  // Takes the first offer that works; false if there is none.
  bool can_choose(const conv_spec &spec, const node_tools &tools) {
    std::array<abi::conv_algorithm_offer, abi::conv_algorithms> offers{};
    given_ = spec.search == conv_spec::search_kind::measure ? ask_for_timed(spec, tools, offers)
                                                            : ask_for_likely(tools, offers);
    const auto take_any = [&] {
      return std::any_of(offers.begin(), offers.begin() + given_,
                         [&](const auto &offer) { return take(spec, tools, offer); });
    };
    is_fused_ = spec.bias.has_value();
    if (take_any()) {
      return true;
    }
    if (is_fused_) {
      is_fused_ = false;
      if (take_any()) {
        finish_.emplace(rest_of(spec), tools);
        return true;
      }
    }
    return false;
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
    rest.place = spec.y.channels > 0 ? "at / " + std::to_string(channels) + "u * " +
                                           std::to_string(spec.y.channels) + "u + at % " +
                                           std::to_string(channels) + "u"
                                     : "at";
    rest.residual_place = "at";
    const std::string place = spec.channels_last ? "at" : "at / " + std::to_string(plane) + "u";
    rest.channel = place + " % " + std::to_string(channels) + "u";
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
              descriptors_->x(), descriptors_->w(), descriptors_->convolution(), descriptors_->y(),
              abi::conv_algorithms, &given, offers.data());
    return std::min(given, abi::conv_algorithms);
  }

  // Runs all algorithms: overwrites y. Operands of the order in which they are, whatever the sums then
  // are.
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
              descriptors_->x(), x_, descriptors_->w(), w_, descriptors_->convolution(),
              descriptors_->y(), y_, abi::conv_algorithms, &given, offers.data(),
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
    descriptors_->set_math(spec, offer.math);
    std::size_t bytes = 0;
    const abi::status status = cudnn_.cudnnGetConvolutionForwardWorkspaceSize(
        tools.slots.at(0).cudnn.get(), descriptors_->x(), descriptors_->w(),
        descriptors_->convolution(), descriptors_->y(), offer.algorithm, &bytes);
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
      tools.slots.prepare(1, {false, true, slot_bytes()});
      return true;
    } catch (const failure &) {
      return false;
    }
  }

  const cudnn_api &cudnn_;
  // Made anew where cuDNN refuses channels last.
  std::optional<conv_descriptors> descriptors_;
  void *x_;
  void *w_;
  void *y_;
  void *bias_ = nullptr;
  void *residual_ = nullptr;
  // Whether cuDNN's call has bias, addition and activation; if not and there is a bias, a kernel has.
  bool is_fused_ = false;
  std::optional<finish_kernel> finish_;
  std::optional<copied_tensors> copied_;
  // Offers at the last try.
  int given_ = 0;
  int algorithm_ = abi::conv_implicit_gemm;
  std::size_t workspace_bytes_ = 0;
};

}  // namespace

std::unique_ptr<node> make_node(const conv_spec &spec, const node_tools &tools,
                                const std::string &pointer) {
  if (spec.behind) {
    return make_graph_convolution(spec, tools, pointer);
  }
  return std::make_unique<conv_node>(spec, tools, pointer);
}

}  // namespace topc
