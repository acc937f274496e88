// The JSON library, set up once. Include it in few files: it is most of what there is to compile.
#pragma once

#define JSON_USE_IMPLICIT_CONVERSIONS 0
#include <nlohmann/json.hpp>

namespace topc {

using json = nlohmann::ordered_json;

}  // namespace topc
