// JSON documents. The one place that knows nlohmann::json; everybody else says Json.
//
// Order of keys is kept, so that a document written twice is the same bytes. parse_json() bounds size and
// depth: its input may come from anybody.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.hpp"

namespace euromesh {

using Json = nlohmann::ordered_json;

inline constexpr std::size_t json_max_bytes = 64u << 20;
inline constexpr int json_max_depth = 64;

// bad_input: not JSON (with line and column), too large, or nested deeper than json_max_depth.
Result<Json> parse_json(std::string_view text, std::size_t max_bytes = json_max_bytes);

// Typed reads with a message that names the key. `where` says which document ("manifest line 7").
Result<std::string> json_string(const Json& object, std::string_view key, std::string_view where);
Result<std::int64_t> json_integer(const Json& object, std::string_view key, std::string_view where);
Result<double> json_number(const Json& object, std::string_view key, std::string_view where);

}  // namespace euromesh
