// The JSON library, set up once. Include it in few files: it dominates the time to compile.
#pragma once

#define JSON_USE_IMPLICIT_CONVERSIONS 0
#include <nlohmann/json.hpp>

namespace topc {

using json = nlohmann::ordered_json;

}  // namespace topc
