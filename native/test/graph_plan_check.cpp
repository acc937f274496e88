// Which graphs of convolutions a real cuDNN takes, without a device: cuDNN plans for one that is only described.
//
//   graph_plan_check DEVICE.json FOLDER... < requests
//
// DEVICE.json describes the device as cuDNN's own descriptor of one does. Each line of the input is a `conv` node of the
// helper's protocol; each line of the output says what became of it: {"engine", "workspaceBytes"}, or {"refused"}.
// cuDNN compiles plans with NVRTC, and wants the driver's library, of which it then uses nothing.
#include <fstream>
#include <iostream>
#include <sstream>

#include "../src/conv_descriptors.h"
#include "../src/conv_graph.h"
#include "../src/json.h"
#include "../src/read_nodes.h"

using namespace topc;

namespace {

std::string text_of(const char *path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

owned<abi::cudnn_descriptor> device_of(const cudnn_graph_api &cudnn, const std::string &described) {
  abi::cudnn_descriptor made = nullptr;
  const bool is_made =
      cudnn.cudnnBackendCreateDescriptor(abi::graph_device, &made) == 0 &&
      cudnn.cudnnBackendSetAttribute(made, abi::device_json, abi::of_char,
                                     static_cast<std::int64_t>(described.size()) + 1,
                                     described.c_str()) == 0 &&
      cudnn.cudnnBackendFinalize(made) == 0;
  owned<abi::cudnn_descriptor> device(made, cudnn.cudnnBackendDestroyDescriptor);
  return is_made ? std::move(device) : owned<abi::cudnn_descriptor>();
}

// Every address a multiple of 16 bytes.
graph_alignments alignments_of(const conv_spec &spec) {
  const auto at = [](bool is_there) { return is_there ? 16 : 0; };
  return {16, 16, at(spec.bias.has_value()), at(spec.residual.has_value()),
          at(spec.behind->residual.has_value()), 16};
}

json planned(const cudnn_graph_api &cudnn, const conv_spec &spec, abi::cudnn_descriptor device) {
  check_convolution(spec, "");
  const auto graph = std::make_shared<conv_graph>(cudnn, spec, alignments_of(spec),
                                                  graph_target{nullptr, device});
  std::string problem = "no engine";
  for (abi::cudnn_descriptor offer : graph->offers()) {
    try {
      const graph_plan plan = graph->plan_of(offer);
      return {{"engine", plan.engine}, {"workspaceBytes", plan.workspace_bytes}};
    } catch (const failure &caught) {
      problem = caught.message;
    }
  }
  return {{"refused", problem}};
}

json answer_to(const std::string &line, const cudnn_graph_api &cudnn, abi::cudnn_descriptor device) {
  try {
    const json document = json::parse(line);
    return planned(cudnn, read_conv(json_reader(document)), device);
  } catch (const failure &caught) {
    return {{"refused", caught.message}};
  }
}

}  // namespace

int main(int count, char **words) {
  if (count < 3) {
    std::cerr << "graph_plan_check DEVICE.json FOLDER... < requests\n";
    return 2;
  }
  const std::vector<std::string> folders(words + 2, words + count);
  math_libraries libraries(folders);
  const cudnn_graph_api *cudnn = libraries.cudnn_graph();
  if (cudnn == nullptr) {
    std::cout << json{{"missing", "cuDNN with graphs"}} << "\n";
    return 4;
  }
  const owned<abi::cudnn_descriptor> device = device_of(*cudnn, text_of(words[1]));
  if (!device) {
    std::cout << json{{"missing", "plans for devices that are not there"}} << "\n";
    return 4;
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer_to(line, *cudnn, device.get()) << std::endl;
  }
  return 0;
}
