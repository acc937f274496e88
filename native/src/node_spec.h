// The nodes of a program, as in the requests. Offsets and sizes are bytes of the arena.
// docs/native-protocol.md describes each field.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace topc {

enum class data_type { f32, f16, bf16 };
enum class math_mode { ieee, tf32 };
// `gelu` is the approximation by tanh.
enum class activation_kind { none, relu, gelu };

[[nodiscard]] inline std::uint64_t bytes_of(data_type type) {
  return type == data_type::f32 ? 4 : 2;
}

struct kernel_argument {
  enum class kind { pointer, i32, i64, f32, f64 };
  kind what = kind::i32;
  std::int64_t integer = 0;
  double real = 0;
};

struct kernel_spec {
  int module = 0;
  std::string function;
  std::array<unsigned, 3> grid{1, 1, 1};
  std::array<unsigned, 3> block{1, 1, 1};
  unsigned shared = 0;
  std::vector<kernel_argument> args;
};

struct matrix_spec {
  std::uint64_t offset = 0;
  int leading = 1;
  std::int64_t stride = 0;
};

struct epilogue_spec {
  std::optional<std::uint64_t> bias;
  std::optional<std::uint64_t> residual;
  activation_kind activation = activation_kind::none;
};

struct gemm_spec {
  int m = 1;
  int n = 1;
  int k = 1;
  bool transpose_a = false;
  bool transpose_b = false;
  matrix_spec a;
  matrix_spec b;
  matrix_spec c;
  int batch = 1;
  float alpha = 1;
  float beta = 0;
  std::optional<epilogue_spec> epilogue;
  data_type dtype = data_type::f32;
  math_mode math = math_mode::ieee;
};

struct tensor_spec {
  std::uint64_t offset = 0;
  std::vector<int> dims;
};

// What a convolution writes.
struct result_spec : tensor_spec {
  // Of the tensor that it is part of, where channels are last; 0: its own.
  int channels = 0;
};

// What is applied to each result of a convolution; the numbers of each are in docs/native-protocol.md.
enum class function_kind {
  relu,
  clip,
  leaky_relu,
  sigmoid,
  hard_sigmoid,
  silu,
  hard_swish,
  tanh,
  gelu,
  gelu_by_tanh,
  elu,
  softplus,
  mish,
};

struct function_spec {
  function_kind what = function_kind::relu;
  std::vector<double> numbers;
};

// What stands behind a convolution: in one graph with it, or as a kernel of its own.
struct behind_spec {
  // One of the two is there at least.
  std::optional<function_spec> function;
  // Added to what the function gives.
  std::optional<std::uint64_t> residual;
  result_spec y;
  // Makes y of what the convolution alone writes.
  kernel_spec kernel;
};

struct conv_spec {
  enum class search_kind { heuristic, measure };
  tensor_spec x;
  tensor_spec w;
  result_spec y;
  std::optional<std::uint64_t> bias;
  std::optional<std::uint64_t> residual;
  bool relu = false;
  std::optional<behind_spec> behind;
  std::vector<int> pads;
  std::vector<int> strides;
  std::vector<int> dilations;
  int groups = 1;
  bool channels_last = false;
  data_type dtype = data_type::f32;
  math_mode math = math_mode::ieee;
  search_kind search = search_kind::heuristic;
  std::uint64_t workspace_limit = std::uint64_t{256} << 20;
};

struct copy_spec {
  enum class direction_kind { device, from_host, to_host };
  std::uint64_t src = 0;
  std::uint64_t dst = 0;
  std::uint64_t bytes = 0;
  direction_kind direction = direction_kind::device;
};

struct memset_spec {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  unsigned char value = 0;
};

using node_spec = std::variant<kernel_spec, gemm_spec, conv_spec, copy_spec, memset_spec>;

}  // namespace topc
