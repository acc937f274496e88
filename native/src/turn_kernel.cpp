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
std::string source_of(const std::vector<int> &dims, data_type type, turning way) {
  const bool rows = way == turning::to_rows;
  const std::string channels = std::to_string(dims[1]) + "u";
  const std::string places = std::to_string(product(dims, 2)) + "u";
  const std::string &outer = rows ? channels : places;
  const std::string &inner = rows ? places : channels;
  const std::string stored = bytes_of(type) == 4 ? "unsigned" : "unsigned short";
  return "extern \"C\" __global__ void turn(" + stored + "* to, const " + stored + "* from) {\n" +
         own_kernel::element_number(product(dims, 0)) +
         "  const unsigned inner = at % " + inner + ";\n"
         "  const unsigned outer = at / " + inner + " % " + outer + ";\n"
         "  const unsigned batch = at / (" + inner + " * " + outer + ");\n"
         "  to[at] = from[(batch * " + inner + " + inner) * " + outer + " + outer];\n"
         "}\n";
}

}  // namespace

turn_kernel::turn_kernel(const std::vector<int> &dims, data_type type, turning way,
                         const node_tools &tools)
    : kernel_(source_of(dims, type, way), "turn", product(dims, 0), tools) {}

void turn_kernel::launch(const stream_slot &slot, abi::device_ptr from, abi::device_ptr to) const {
  kernel_.launch(slot, {to, from});
}

}  // namespace topc
