// Reads the nodes of a program from JSON. Part of requests.cpp, in a file of its own for its
// length.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "json_reader.h"
#include "node_spec.h"

namespace topc {

inline constexpr int int_max = std::numeric_limits<int>::max();
inline constexpr std::size_t argument_limit = 4096;
// CUDA's own bounds: x of a grid, and the threads of a thread block.
inline constexpr unsigned grid_limit = 2147483647U;
inline constexpr unsigned block_limit = 1024;

template <typename Value, typename Read>
void read_if_there(const json_reader &from, const char *key, Value &value, Read read) {
  if (from.has(key)) {
    value = read(from.at(key));
  }
}

inline std::array<unsigned, 3> read_extents(const json_reader &from, unsigned limit) {
  const auto values =
      from.list(3, [&](const json_reader &item) { return item.integer<unsigned>(1, limit); });
  if (values.size() != 3) {
    from.refuse("must have 3 items");
  }
  return {values[0], values[1], values[2]};
}

inline double read_float(const json_reader &from) {
  if (from.is_string()) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    return from.word<double>({{"Infinity", infinite},
                              {"-Infinity", -infinite},
                              {"NaN", std::numeric_limits<double>::quiet_NaN()}});
  }
  return from.number(-std::numeric_limits<double>::max(), std::numeric_limits<double>::max());
}

inline float read_scalar(const json_reader &from) {
  constexpr double most = std::numeric_limits<float>::max();
  return static_cast<float>(from.number(-most, most));
}

inline kernel_argument read_argument(const json_reader &from) {
  from.only({"ptr", "i32", "i64", "f32", "f64"});
  from.has_fields(1);
  using kind = kernel_argument::kind;
  if (from.has("ptr")) {
    return {kind::pointer, static_cast<std::int64_t>(from.at("ptr").size()), 0};
  }
  if (from.has("i32")) {
    constexpr std::int64_t most = int_max;
    return {kind::i32, from.at("i32").integer<std::int64_t>(-most - 1, most), 0};
  }
  if (from.has("i64")) {
    constexpr std::int64_t most = std::int64_t{1} << 53;
    return {kind::i64, from.at("i64").integer<std::int64_t>(-most, most), 0};
  }
  if (from.has("f32")) {
    return {kind::f32, 0, read_float(from.at("f32"))};
  }
  return {kind::f64, 0, read_float(from.at("f64"))};
}

inline kernel_spec read_kernel(const json_reader &from) {
  from.only({"kind", "module", "function", "grid", "block", "shared", "args"});
  kernel_spec spec;
  spec.module = from.at("module").integer(0, int_max);
  spec.function = from.at("function").text();
  spec.grid = read_extents(from.at("grid"), grid_limit);
  spec.block = read_extents(from.at("block"), block_limit);
  read_if_there(from, "shared", spec.shared,
                [](const json_reader &it) { return it.integer<unsigned>(0, 1U << 24); });
  spec.args = from.at("args").list(argument_limit, read_argument);
  return spec;
}

inline data_type read_data_type(const json_reader &from) {
  return from.word<data_type>(
      {{"f32", data_type::f32}, {"f16", data_type::f16}, {"bf16", data_type::bf16}});
}

inline math_mode read_math(const json_reader &from) {
  return from.word<math_mode>({{"ieee", math_mode::ieee}, {"tf32", math_mode::tf32}});
}

inline matrix_spec read_matrix(const json_reader &from) {
  from.only({"offset", "leading", "stride"});
  matrix_spec spec;
  spec.offset = from.at("offset").size();
  spec.leading = from.at("leading").integer(1, int_max);
  read_if_there(from, "stride", spec.stride, [](const json_reader &it) {
    return it.integer<std::int64_t>(0, std::int64_t{1} << 40);
  });
  return spec;
}

inline int read_positive(const json_reader &from) { return from.integer(1, int_max); }

inline bool read_boolean(const json_reader &from) { return from.boolean(); }

inline std::uint64_t read_offset(const json_reader &from) { return from.size(); }

inline epilogue_spec read_epilogue(const json_reader &from) {
  from.only({"bias", "residual", "activation"});
  epilogue_spec spec;
  read_if_there(from, "bias", spec.bias, read_offset);
  read_if_there(from, "residual", spec.residual, read_offset);
  read_if_there(from, "activation", spec.activation, [](const json_reader &it) {
    return it.word<activation_kind>(
        {{"relu", activation_kind::relu}, {"gelu", activation_kind::gelu}});
  });
  return spec;
}

inline gemm_spec read_gemm(const json_reader &from) {
  from.only({"kind", "m", "n", "k", "transposeA", "transposeB", "a", "b", "c", "batch", "alpha",
             "beta", "epilogue", "dtype", "math"});
  gemm_spec spec;
  spec.m = read_positive(from.at("m"));
  spec.n = read_positive(from.at("n"));
  spec.k = read_positive(from.at("k"));
  read_if_there(from, "transposeA", spec.transpose_a, read_boolean);
  read_if_there(from, "transposeB", spec.transpose_b, read_boolean);
  spec.a = read_matrix(from.at("a"));
  spec.b = read_matrix(from.at("b"));
  spec.c = read_matrix(from.at("c"));
  read_if_there(from, "batch", spec.batch, read_positive);
  read_if_there(from, "alpha", spec.alpha, read_scalar);
  read_if_there(from, "beta", spec.beta, read_scalar);
  read_if_there(from, "epilogue", spec.epilogue, read_epilogue);
  spec.dtype = read_data_type(from.at("dtype"));
  spec.math = read_math(from.at("math"));
  return spec;
}

inline std::vector<int> read_dims(const json_reader &from, int low) {
  return from.list(5, [low](const json_reader &it) { return it.integer(low, int_max); });
}

inline tensor_spec read_tensor(const json_reader &from) {
  from.only({"offset", "dims"});
  return {from.at("offset").size(), read_dims(from.at("dims"), 1)};
}

inline result_spec read_result(const json_reader &from) {
  from.only({"offset", "dims", "channels"});
  result_spec result;
  result.offset = from.at("offset").size();
  result.dims = read_dims(from.at("dims"), 1);
  read_if_there(from, "channels", result.channels, read_positive);
  return result;
}

inline function_spec read_function(const json_reader &from) {
  from.only({"name", "numbers"});
  using kind = function_kind;
  struct known {
    kind what;
    std::size_t numbers;
  };
  const known function = from.at("name").word<known>({{"relu", {kind::relu, 0}},
                                                      {"clip", {kind::clip, 2}},
                                                      {"leaky-relu", {kind::leaky_relu, 1}},
                                                      {"sigmoid", {kind::sigmoid, 0}},
                                                      {"hard-sigmoid", {kind::hard_sigmoid, 2}},
                                                      {"silu", {kind::silu, 1}},
                                                      {"hard-swish", {kind::hard_swish, 0}},
                                                      {"tanh", {kind::tanh, 0}},
                                                      {"gelu", {kind::gelu, 0}},
                                                      {"gelu-by-tanh", {kind::gelu_by_tanh, 0}},
                                                      {"elu", {kind::elu, 1}},
                                                      {"softplus", {kind::softplus, 0}},
                                                      {"mish", {kind::mish, 0}}});
  function_spec spec{function.what, from.at("numbers").list(2, read_float)};
  if (spec.numbers.size() != function.numbers) {
    from.at("numbers").refuse("must have " + std::to_string(function.numbers) + " items");
  }
  const auto is_finite = [](double number) { return std::isfinite(number); };
  const bool has_finite = std::any_of(spec.numbers.begin(), spec.numbers.end(), is_finite);
  const bool all_finite = std::all_of(spec.numbers.begin(), spec.numbers.end(), is_finite);
  // A bound may be missing, but not both.
  if (function.what == kind::clip ? !has_finite : !all_finite) {
    from.at("numbers").refuse("must be finite, but for one of two bounds");
  }
  return spec;
}

inline behind_spec read_behind(const json_reader &from) {
  from.only({"function", "residual", "y", "kernel"});
  behind_spec spec;
  read_if_there(from, "function", spec.function, read_function);
  read_if_there(from, "residual", spec.residual, read_offset);
  if (!spec.function && !spec.residual) {
    from.refuse("must have a function or a residual");
  }
  spec.y = read_result(from.at("y"));
  const json_reader kernel = from.at("kernel");
  (void)kernel.at("kind").word<bool>({{"kernel", true}});
  spec.kernel = read_kernel(kernel);
  return spec;
}

inline conv_spec read_conv(const json_reader &from) {
  from.only({"kind", "x", "w", "y", "bias", "residual", "relu", "behind", "pads", "strides", "dilations",
             "groups", "channelsLast", "dtype", "math", "search", "workspaceLimit"});
  conv_spec spec;
  spec.x = read_tensor(from.at("x"));
  spec.w = read_tensor(from.at("w"));
  spec.y = read_result(from.at("y"));
  read_if_there(from, "bias", spec.bias, read_offset);
  read_if_there(from, "residual", spec.residual, read_offset);
  read_if_there(from, "relu", spec.relu, read_boolean);
  read_if_there(from, "behind", spec.behind, read_behind);
  spec.pads = read_dims(from.at("pads"), 0);
  spec.strides = read_dims(from.at("strides"), 1);
  spec.dilations = read_dims(from.at("dilations"), 1);
  read_if_there(from, "groups", spec.groups, read_positive);
  read_if_there(from, "channelsLast", spec.channels_last, read_boolean);
  spec.dtype = read_data_type(from.at("dtype"));
  spec.math = read_math(from.at("math"));
  using kind = conv_spec::search_kind;
  read_if_there(from, "search", spec.search, [](const json_reader &it) {
    return it.word<kind>({{"heuristic", kind::heuristic}, {"measure", kind::measure}});
  });
  read_if_there(from, "workspaceLimit", spec.workspace_limit,
                [](const json_reader &it) { return it.size(); });
  return spec;
}

inline copy_spec read_copy(const json_reader &from) {
  from.only({"kind", "src", "dst", "bytes", "direction"});
  copy_spec spec;
  spec.src = from.at("src").size();
  spec.dst = from.at("dst").size();
  spec.bytes = from.at("bytes").size(1);
  using kind = copy_spec::direction_kind;
  read_if_there(from, "direction", spec.direction, [](const json_reader &it) {
    return it.word<kind>(
        {{"device", kind::device}, {"from-host", kind::from_host}, {"to-host", kind::to_host}});
  });
  return spec;
}

inline memset_spec read_memset(const json_reader &from) {
  from.only({"kind", "offset", "bytes", "value"});
  return {from.at("offset").size(), from.at("bytes").size(1),
          from.at("value").integer<unsigned char>(0, 255)};
}

inline node_spec read_node(const json_reader &from) {
  enum class kind { kernel, gemm, conv, copy, memset };
  switch (from.at("kind").word<kind>({{"kernel", kind::kernel},
                                      {"gemm", kind::gemm},
                                      {"conv", kind::conv},
                                      {"copy", kind::copy},
                                      {"memset", kind::memset}})) {
    case kind::kernel:
      return read_kernel(from);
    case kind::gemm:
      return read_gemm(from);
    case kind::conv:
      return read_conv(from);
    case kind::copy:
      return read_copy(from);
    case kind::memset:
      return read_memset(from);
  }
  from.refuse("is of no kind");
}

}  // namespace topc
