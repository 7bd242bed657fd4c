// JSON that two readers cannot understand differently: one object, in which no name stands twice.
//
// Why: of two equal names one reader takes the first and the next one the last; tokens have been forged
// that way. Depth and size are bounded, for the text comes from anybody. Messages quote none of it, as it may
// be a secret. Plain functions: no thread rule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace euromesh::federation {

inline constexpr std::size_t strict_json_max_depth = 12;

// bad_input: not JSON, no object, a name twice (at any depth), too deep, too large. `what` is named in the
// message.
Result<Json> parse_strict_object(std::string_view text, std::size_t max_bytes, std::string_view what);

// Reads that take "is not there" and "is of another kind" for the same: nothing.
std::optional<std::string> text_at(const Json& object, std::string_view key);
std::optional<std::int64_t> integer_at(const Json& object, std::string_view key);
// A text, or several in a list. nullopt: there, but something else.
std::optional<std::vector<std::string>> texts_at(const Json& object, std::string_view key);

}  // namespace euromesh::federation
