#include "contract/document_reader.hpp"

#include <algorithm>

#include "base/id.hpp"
#include "contract/toml_reader.hpp"

namespace euromesh::contract {
namespace {

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t ten_years_ms = 3653ll * 86400 * second_ms;

const Json& empty_object() {
    static const Json object = Json::object();
    return object;
}

// RFC 6901: '~' and '/' in a key are written ~0 and ~1. Keys of strangers are shown in part.
std::string pointer_step(std::string_view key) {
    std::string step = "/";
    for (const char c : key.substr(0, 64)) {
        if (c == '~')
            step += "~0";
        else if (c == '/')
            step += "~1";
        else
            step += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
    return step;
}

std::string joined(const std::vector<std::string_view>& choices) {
    std::string all;
    for (const auto choice : choices) all += (all.empty() ? "" : ", ") + std::string(choice);
    return all;
}

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7f;
    });
}

struct DurationUnit {
    char letter;
    std::int64_t ms;
};
constexpr DurationUnit date_units[] = {{'W', 7 * 86400 * second_ms}, {'D', 86400 * second_ms}};
constexpr DurationUnit time_units[] = {{'H', 3600 * second_ms}, {'M', 60 * second_ms}, {'S', second_ms}};

// Takes "12H30M" apart, units in their order; what is not taken stays in `text`.
template <std::size_t N>
bool take_units(std::string_view& text, const DurationUnit (&units)[N], std::int64_t& sum_ms) {
    bool any = false;
    for (const DurationUnit& unit : units) {
        std::size_t digits = 0;
        std::int64_t count = 0;
        while (digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9')
            count = count * 10 + (text[digits++] - '0');
        if (digits == 0 || digits == text.size() || text[digits] != unit.letter) continue;
        if (count > ten_years_ms / unit.ms) return false;
        sum_ms += count * unit.ms;
        text.remove_prefix(digits + 1);
        any = true;
    }
    return any;
}

}  // namespace

std::optional<std::int64_t> parse_iso8601_duration_ms(std::string_view text) {
    if (text.size() < 3 || text.size() > 64 || text[0] != 'P') return std::nullopt;
    text.remove_prefix(1);
    std::int64_t sum_ms = 0;
    bool any = take_units(text, date_units, sum_ms);
    if (!text.empty() && text[0] == 'T') {
        text.remove_prefix(1);
        any = take_units(text, time_units, sum_ms);
    }
    if (!any || !text.empty() || sum_ms > ten_years_ms) return std::nullopt;
    return sum_ms;
}

DocumentReader::DocumentReader(const Json& document, std::string_view what)
    : value_(&document), shared_(std::make_shared<Shared>()) {
    shared_->what = std::string(what);
    if (!document.is_object()) {
        shared_->wrong = "must be a JSON object";
        value_ = &empty_object();
    }
}

DocumentReader::DocumentReader(const Json* value, std::string at, std::shared_ptr<Shared> shared)
    : value_(value), at_(std::move(at)), shared_(std::move(shared)) {}

std::string DocumentReader::pointer(std::string_view key) const {
    return key.empty() ? at_ : at_ + pointer_step(key);
}

bool DocumentReader::has(std::string_view key) const {
    return value_->find(std::string(key)) != value_->end();
}

const Json* DocumentReader::find(std::string_view key) {
    asked_.emplace(key);
    const auto found = value_->find(std::string(key));
    return found == value_->end() ? nullptr : &*found;
}

void DocumentReader::reject(std::string_view key, std::string_view right) {
    if (!shared_->wrong) shared_->wrong = pointer(key) + " " + std::string(right);
}

bool DocumentReader::good_text(std::string_view key, const Json& value, std::size_t most) {
    if (!value.is_string()) return reject(key, "must be text"), false;
    const std::string& text = value.get_ref<const std::string&>();
    if (text.size() > most) return reject(key, fmt::format("must be at most {} bytes", most)), false;
    if (has_control_characters(text)) return reject(key, "must be without control characters"), false;
    return true;
}

std::string DocumentReader::text(std::string_view key, std::string_view fallback, std::size_t most) {
    const Json* value = find(key);
    if (value == nullptr || !good_text(key, *value, most)) return std::string(fallback);
    return value->get<std::string>();
}

std::string DocumentReader::needed_text(std::string_view key, std::string_view example, std::size_t most) {
    const std::string value = text(key, "", most);
    if (value.empty()) reject(key, fmt::format("is missing: give it, such as {}", example));
    return value;
}

std::int64_t DocumentReader::integer(std::string_view key, std::int64_t fallback, Limits limits) {
    const Json* value = find(key);
    if (value == nullptr) return fallback;
    const bool fits = value->is_number_integer() &&
                      (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX);
    if (fits) {
        const std::int64_t number = value->get<std::int64_t>();
        if (number >= limits.least && number <= limits.most) return number;
    }
    reject(key, fmt::format("must be a whole number from {} to {}", limits.least, limits.most));
    return fallback;
}

bool DocumentReader::boolean(std::string_view key, bool fallback) {
    const Json* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_boolean()) return value->get<bool>();
    reject(key, "must be true or false");
    return fallback;
}

std::string DocumentReader::choice(std::string_view key, std::string_view fallback,
                                   const std::vector<std::string_view>& choices) {
    const std::string value = text(key, fallback);
    if (std::find(choices.begin(), choices.end(), value) == choices.end())
        reject(key, "must be one of " + joined(choices));
    return value;
}

std::string DocumentReader::id(std::string_view key) {
    const std::string value = text(key, "", 64);
    if (has(key) && !is_valid_id(value))
        reject(key, "must be 1 to 64 of a-z, 0-9, '.', '_', '-', starting with a letter or digit");
    return value;
}

const Json* DocumentReader::find_list(std::string_view key, std::size_t most_entries) {
    const Json* value = find(key);
    if (value == nullptr) return nullptr;
    if (value->is_array() && value->size() <= most_entries) return value;
    reject(key, fmt::format("must be a list of at most {} entries", most_entries));
    return nullptr;
}

const Json* DocumentReader::find_object(std::string_view key, std::size_t most_entries) {
    const Json* value = find(key);
    if (value == nullptr) return nullptr;
    if (value->is_object() && value->size() <= most_entries) return value;
    reject(key, fmt::format("must be an object of at most {} entries", most_entries));
    return nullptr;
}

std::vector<std::string> DocumentReader::texts(std::string_view key, std::size_t most_entries,
                                               std::size_t most_bytes) {
    std::vector<std::string> texts;
    const Json* list = find_list(key, most_entries);
    if (list == nullptr) return texts;
    for (std::size_t i = 0; i < list->size(); ++i) {
        DocumentReader inner(value_, pointer(key), shared_);
        if (!inner.good_text(std::to_string(i), (*list)[i], most_bytes)) return {};
        texts.push_back((*list)[i].get<std::string>());
    }
    return texts;
}

std::vector<std::string> DocumentReader::ids(std::string_view key, std::size_t most_entries) {
    std::vector<std::string> all = texts(key, most_entries, 64);
    for (const std::string& one : all)
        if (!is_valid_id(one)) reject(key, "must name ids: 1 to 64 of a-z, 0-9, '.', '_', '-' each");
    return all;
}

std::map<std::string, std::string> DocumentReader::text_map(std::string_view key, std::size_t most_entries,
                                                            std::size_t most_bytes) {
    std::map<std::string, std::string> map;
    const Json* object = find_object(key, most_entries);
    if (object == nullptr) return map;
    DocumentReader inner(object, pointer(key), shared_);
    for (const auto& [name, value] : object->items()) {
        if (name.empty() || name.size() > 256 || has_control_characters(name))
            return inner.reject(name, "must be named by 1 to 256 bytes without control characters"), map;
        if (!inner.good_text(name, value, most_bytes)) return map;
        map.emplace(name, value.get<std::string>());
    }
    return map;
}

std::map<std::string, std::int64_t> DocumentReader::integer_map(std::string_view key,
                                                                std::size_t most_entries, Limits limits) {
    std::map<std::string, std::int64_t> map;
    const Json* object = find_object(key, most_entries);
    if (object == nullptr) return map;
    DocumentReader inner(object, pointer(key), shared_);
    for (const auto& [name, value] : object->items()) {
        if (!is_valid_id(name)) return inner.reject(name, "must be named by an id"), map;
        map.emplace(name, inner.integer(name, limits.least, limits));
    }
    return map;
}

DocumentReader DocumentReader::object(std::string_view key) {
    const Json* value = find_object(key, 1000);
    return DocumentReader(value == nullptr ? &empty_object() : value, pointer(key), shared_);
}

void DocumentReader::each(std::string_view key, std::size_t most_entries,
                          const std::function<void(DocumentReader&)>& read) {
    const Json* list = find_list(key, most_entries);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string at = pointer(key) + "/" + std::to_string(i);
        const bool is_object = (*list)[i].is_object();
        DocumentReader inner(is_object ? &(*list)[i] : &empty_object(), at, shared_);
        if (!is_object) inner.reject("", "must be an object");
        read(inner);
        inner.finish();
    }
}

std::int64_t DocumentReader::duration_ms(std::string_view key, Limits limits_ms) {
    const Json* value = find(key);
    if (value == nullptr) return 0;
    std::optional<std::int64_t> ms;
    if (value->is_string())
        ms = parse_iso8601_duration_ms(value->get_ref<const std::string&>());
    else if (value->is_number_integer() && value->get<std::uint64_t>() <= ten_years_ms / second_ms)
        ms = value->get<std::int64_t>() * second_ms;
    if (ms && *ms >= limits_ms.least && *ms <= limits_ms.most) return *ms;
    reject(key, fmt::format(
                    "must be {} to {} seconds as a whole number, or the same in ISO 8601 such as \"PT30M\"",
                    limits_ms.least / second_ms, limits_ms.most / second_ms));
    return 0;
}

void DocumentReader::finish() {
    for (const auto& entry : value_->items()) {
        if (asked_.count(entry.key()) != 0) continue;
        const auto nearest = nearest_name(entry.key(), asked_);
        return reject(entry.key(), nearest ? fmt::format("is unknown; do you mean '{}'?", *nearest)
                                           : std::string("is unknown: leave it out"));
    }
}

Status DocumentReader::status() const {
    if (!shared_->wrong) return {};
    return fail(Code::bad_input, "{}: {}", shared_->what, *shared_->wrong);
}

}  // namespace euromesh::contract
