#include "federation/core/fields.hpp"

#include <algorithm>
#include <charconv>

namespace euromesh::federation {

void append_json_text(std::string& out, std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' &&
               c != '\\';
    });
    if (plain) {
        out += '"';
        out += text;
        out += '"';
    } else {
        out += Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
    }
}

void FieldWriter::write(std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    out_.append(digits, end.ptr);
}

FieldReader::FieldReader(const Json& object, std::string path) : path_(std::move(path)) {
    static const Json empty = Json::object();
    if (!object.is_object()) wrong_ = path_ + ": must be an object";
    const Json& fields = object.is_object() ? object : empty;
    at_ = fields.begin();
    end_ = fields.end();
}

void FieldReader::reject(std::string_view name, std::string_view what) {
    if (!wrong_) wrong_ = fmt::format("{}/{}: {}", path_, name, what);
}

void FieldReader::read(std::string_view name, const Json& json, std::int64_t& value) {
    const bool fits =
        json.is_number_integer() && (!json.is_number_unsigned() || json.get<std::uint64_t>() <= INT64_MAX);
    if (!fits) return reject(name, "must be a whole number of 64 bits");
    value = json.get<std::int64_t>();
}

void FieldReader::read(std::string_view name, const Json& json, bool& value) {
    if (!json.is_boolean()) return reject(name, "must be true or false");
    value = json.get<bool>();
}

void FieldReader::read(std::string_view name, const Json& json, std::string& value) {
    if (!json.is_string()) return reject(name, "must be text");
    value = json.get<std::string>();
}

void FieldReader::read(std::string_view name, const Json& json, contract::JobSpec& value) {
    auto spec = contract::read_job_spec(json);
    if (!spec) return reject(name, spec.error().message);
    value = std::move(*spec);
}

void FieldReader::read(std::string_view name, const Json& json,
                       std::shared_ptr<const contract::JobSpec>& value) {
    contract::JobSpec spec;
    read(name, json, spec);
    value = std::make_shared<const contract::JobSpec>(std::move(spec));
}

void FieldReader::read(std::string_view name, const Json& json, contract::SiteDocument& value) {
    auto document = contract::read_site_document(json);
    if (!document) return reject(name, document.error().message);
    value = std::move(*document);
}

Status FieldReader::finish() {
    if (!wrong_ && at_ != end_) reject(at_.key().substr(0, 80), "is unknown or not in its place");
    if (!wrong_) return {};
    return fail(Code::bad_input, "{}", *wrong_);
}

}  // namespace euromesh::federation
