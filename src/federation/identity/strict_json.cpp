#include "federation/identity/strict_json.hpp"

#include <set>

namespace euromesh::federation {
namespace {

// Looks at the whole text before anything is built of it; a false ends the reading at once.
class NameWatch final : public nlohmann::json_sax<Json> {
  public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return enter(); }
    bool key(string_t& name) override { return names_.back().insert(name).second; }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t, const std::string&, const Json::exception&) override { return false; }

  private:
    bool enter() {
        names_.emplace_back();
        return names_.size() <= strict_json_max_depth;
    }
    bool leave() {
        names_.pop_back();
        return true;
    }
    std::vector<std::set<std::string>> names_;
};

bool is_unambiguous(std::string_view text) {
    NameWatch watch;
    return Json::sax_parse(text, &watch);
}

const Json* find(const Json& object, std::string_view key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(std::string(key));
    return found == object.end() ? nullptr : &*found;
}

}  // namespace

Result<Json> parse_strict_object(std::string_view text, std::size_t max_bytes, std::string_view what) {
    if (text.size() > max_bytes) {
        return fail(Code::bad_input, "{}: over the limit of {} bytes", what, max_bytes);
    }
    if (!is_unambiguous(text)) {
        return fail(Code::bad_input, "{}: not JSON, a name twice, or more than {} levels", what,
                    strict_json_max_depth);
    }
    EM_ASSIGN(Json object, parse_json(text, max_bytes));
    if (!object.is_object()) return fail(Code::bad_input, "{}: must be a JSON object", what);
    return object;
}

std::optional<std::string> text_at(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return value->get<std::string>();
}

std::optional<std::int64_t> integer_at(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    return value->get<std::int64_t>();
}

std::optional<std::vector<std::string>> texts_at(const Json& object, std::string_view key) {
    const Json* value = find(object, key);
    if (value == nullptr) return std::vector<std::string>{};
    if (value->is_string()) return std::vector<std::string>{value->get<std::string>()};
    if (!value->is_array()) return std::nullopt;
    std::vector<std::string> texts;
    for (const Json& one : *value) {
        if (!one.is_string()) return std::nullopt;
        texts.push_back(one.get<std::string>());
    }
    return texts;
}

}  // namespace euromesh::federation
