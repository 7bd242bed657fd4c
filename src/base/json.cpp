#include "base/json.hpp"

namespace euromesh {
namespace {

struct Position {
    std::size_t line = 1;
    std::size_t column = 1;
};

Position position_of(std::string_view text, std::size_t byte) {
    Position position;
    for (char c : text.substr(0, byte > 0 ? byte - 1 : 0)) {
        position.column = c == '\n' ? 1 : position.column + 1;
        position.line += c == '\n' ? 1 : 0;
    }
    return position;
}

// Deepest nesting of brackets outside strings: cheaper than parsing, and safe on any input.
bool nests_deeper_than(std::string_view text, int limit) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > limit) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

tl::unexpected<Error> wrong_type(std::string_view key, std::string_view where, std::string_view expected) {
    return fail(Code::bad_input, "{}: '{}' must be {}", where, key, expected);
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t max_bytes) {
    if (text.size() > max_bytes) {
        return fail(Code::bad_input, "JSON of {} bytes is over the limit of {}", text.size(), max_bytes);
    }
    if (nests_deeper_than(text, json_max_depth)) {
        return fail(Code::bad_input, "JSON is nested deeper than {} levels", json_max_depth);
    }
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        const Position at = position_of(text, error.byte);
        return fail(Code::bad_input, "not valid JSON at line {}, column {}", at.line, at.column);
    } catch (const Json::exception&) {
        return fail(Code::bad_input, "not valid JSON: a number is out of range or text is not UTF-8");
    }
}

Result<std::string> json_string(const Json& object, std::string_view key, std::string_view where) {
    const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
    if (found == object.end() || !found->is_string()) return wrong_type(key, where, "text");
    return found->get<std::string>();
}

Result<std::int64_t> json_integer(const Json& object, std::string_view key, std::string_view where) {
    const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
    if (found == object.end() || !found->is_number_integer()) return wrong_type(key, where, "a whole number");
    return found->get<std::int64_t>();
}

Result<double> json_number(const Json& object, std::string_view key, std::string_view where) {
    const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
    if (found == object.end() || !found->is_number()) return wrong_type(key, where, "a number");
    return found->get<double>();
}

}  // namespace euromesh
