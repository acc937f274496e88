#include "turn_kernel.h"

namespace topc {
namespace {

std::uint64_t product(const std::vector<int> &dims, std::size_t first) {
  std::uint64_t count = 1;
  for (std::size_t i = first; i < dims.size(); i++) {
    count *= static_cast<std::uint64_t>(dims[i]);
  }
  return count;
}

// Element `at` of the copy is [n, c, p] of the tensor, or [n, p, c].
std::string source_of(const std::vector<int> &dims, int channels, data_type type, turning way) {
  const bool rows = way == turning::to_rows;
  const std::string own = std::to_string(dims[1]) + "u";
  const std::string places = std::to_string(product(dims, 2)) + "u";
  const std::string &outer = rows ? own : places;
  const std::string &inner = rows ? places : own;
  const std::string stored = bytes_of(type) == 4 ? "unsigned" : "unsigned short";
  const std::string to = channels == dims[1]
                             ? "at"
                             : "at / " + own + " * " + std::to_string(channels) + "u + at % " + own;
  const std::string from =
      way == turning::none ? "at" : "(batch * " + inner + " + inner) * " + outer + " + outer";
  return "extern \"C\" __global__ void turn(" + stored + "* to, const " + stored + "* from) {\n" +
         own_kernel::element_number(product(dims, 0)) +
         "  const unsigned inner = at % " + inner + ";\n"
         "  const unsigned outer = at / " + inner + " % " + outer + ";\n"
         "  const unsigned batch = at / (" + inner + " * " + outer + ");\n"
         "  to[" + to + "] = from[" + from + "];\n"
         "}\n";
}

}  // namespace

turn_kernel::turn_kernel(const std::vector<int> &dims, int channels, data_type type, turning way,
                         const node_tools &tools)
    : kernel_(source_of(dims, channels, type, way), "turn", product(dims, 0), tools) {}

void turn_kernel::launch(const stream_slot &slot, abi::device_ptr from, abi::device_ptr to) const {
  kernel_.launch(slot, {to, from});
}

}  // namespace topc
