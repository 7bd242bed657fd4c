#include "federation/rules/record.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/utf8.hpp"
#include "facts/nearest.hpp"
#include "facts/problem.hpp"

namespace euromesh::federation {

namespace {

std::string place(RecordKind kind, std::string_view attribute) {
    return fmt::format("{}.{}", name_of(kind), attribute);
}

bool is_plain_text(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

Status check_text(const std::string& text, const std::string& where) {
    if (text.size() > rule_text_value_max_bytes)
        return fail(Code::bad_input, "{}: {} bytes of text, {} at most", where, text.size(),
                    rule_text_value_max_bytes);
    if (first_bad_utf8(text) != std::string::npos)
        return fail(Code::bad_input, "{}: the text is not UTF-8", where);
    if (!is_plain_text(text))
        return fail(Code::bad_input, "{}: '{}' holds a control character; one line of text is right", where,
                    facts::shown(text));
    return {};
}

Status check_allowed(const std::string& text, const RuleAttribute& attribute, const std::string& where) {
    const auto allowed = attribute.allowed;
    if (allowed.empty() || std::find(allowed.begin(), allowed.end(), text) != allowed.end()) return {};
    return fail(Code::bad_input, "{}: '{}' is not one of {}", where, facts::shown(text),
                fmt::join(allowed, ", "));
}

RuleType type_of(const RuleValue& value) {
    return static_cast<RuleType>(value.index() - 1);
}

Status check_value(const RuleValue& value, const RuleAttribute& attribute, const std::string& where) {
    if (std::holds_alternative<std::monostate>(value)) {
        if (attribute.optional) return {};
        return fail(Code::bad_input, "{}: missing; it must be there", where);
    }
    if (type_of(value) != attribute.type)
        return fail(Code::bad_input, "{}: {}, it must be {}", where, with_article(type_of(value)),
                    with_article(attribute.type));
    if (const auto* text = std::get_if<std::string>(&value)) {
        EM_TRY(check_text(*text, where));
        return check_allowed(*text, attribute, where);
    }
    if (const auto* members = std::get_if<std::vector<std::string>>(&value)) {
        if (members->size() > rule_set_value_max)
            return fail(Code::bad_input, "{}: {} members, {} at most", where, members->size(),
                        rule_set_value_max);
        for (const std::string& member : *members) EM_TRY(check_text(member, where));
    }
    return {};
}

void put_in_order(RuleValue& value) {
    if (auto* members = std::get_if<std::vector<std::string>>(&value)) {
        std::sort(members->begin(), members->end());
        members->erase(std::unique(members->begin(), members->end()), members->end());
    }
}

Result<RuleValue> set_from(const Json& value, const std::string& where) {
    std::vector<std::string> members;
    for (const Json& member : value) {
        if (!member.is_string()) return fail(Code::bad_input, "{}: a set holds texts only", where);
        members.push_back(member.get<std::string>());
    }
    return RuleValue(std::move(members));
}

Result<RuleValue> value_from(const Json& value, const std::string& where) {
    if (value.is_boolean()) return RuleValue(value.get<bool>());
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)
        return fail(Code::bad_input, "{}: {} does not fit 64 bits", where, value.get<std::uint64_t>());
    if (value.is_number_integer()) return RuleValue(value.get<std::int64_t>());
    if (value.is_string()) return RuleValue(value.get<std::string>());
    if (value.is_array()) return set_from(value, where);
    return fail(Code::bad_input, "{}: neither a Bool, an Int, a String nor a list of Strings", where);
}

}  // namespace

Result<RuleRecord> RuleRecord::make(RecordKind kind, const Fields& fields) {
    const auto attributes = attributes_of(kind);
    RuleRecord record(kind, attributes.size());
    for (const auto& [name, value] : fields) {
        const auto index = rule_attribute(kind, name);
        if (!index)
            return fail(Code::bad_input, "{}: there is no such attribute{}", place(kind, facts::shown(name)),
                        facts::do_you_mean(facts::nearest_names(name, rule_attribute_names(kind))));
        record.values_[*index] = value;
        put_in_order(record.values_[*index]);
    }
    for (std::size_t i = 0; i < attributes.size(); ++i)
        EM_TRY(check_value(record.values_[i], attributes[i], place(kind, attributes[i].name)));
    return record;
}

Result<RuleRecord> RuleRecord::from_json(RecordKind kind, const Json& object, std::string_view where) {
    if (!object.is_object())
        return fail(Code::bad_input, "{}: {} must be an object of attributes", where, name_of(kind));
    Fields fields;
    for (const auto& [key, value] : object.items()) {
        EM_ASSIGN(RuleValue read,
                  value_from(value, fmt::format("{}: {}", where, place(kind, facts::shown(key)))));
        fields.emplace_back(key, std::move(read));
    }
    auto record = make(kind, fields);
    if (!record) return fail(record.error().within(std::string(where)));
    return record;
}

const RuleRecord& RuleRecord::no_data() {
    static const RuleRecord record = [] {
        auto made = make(RecordKind::data, {{"id", ""}, {"residency", "none"}, {"sensitive", false}});
        EM_ASSERT(made, "the record that stands for no data fits the schema");
        return std::move(*made);
    }();
    return record;
}

Json RuleRecord::to_json() const {
    Json object = Json::object();
    const auto attributes = attributes_of(kind_);
    for (std::size_t i = 0; i < attributes.size(); ++i) {
        if (values_[i].index() > 0) object[std::string(attributes[i].name)] = federation::to_json(values_[i]);
    }
    return object;
}

Json to_json(const RuleValue& value) {
    struct Visitor {
        Json operator()(std::monostate) const { return nullptr; }
        Json operator()(bool x) const { return x; }
        Json operator()(std::int64_t x) const { return x; }
        Json operator()(const std::string& x) const { return x; }
        Json operator()(const std::vector<std::string>& x) const { return x; }
    };
    return std::visit(Visitor{}, value);
}

}  // namespace euromesh::federation
