#include "federation/http/schema.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view reference_start = "#/components/schemas/";
constexpr std::string_view silent_words[] = {"title",  "description", "default",  "examples",
                                             "format", "deprecated",  "readOnly", "writeOnly"};
constexpr std::string_view count_words[] = {"minLength", "maxLength",     "minItems",
                                            "maxItems",  "minProperties", "maxProperties"};
constexpr std::string_view type_words[] = {"object", "array",   "string", "integer",
                                           "number", "boolean", "null"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::string_view (&words)[N]) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

Status check_schema(const Json& schema, const std::string& where);

bool is_type_value(const Json& value) {
    const auto is_type = [](const Json& one) {
        return one.is_string() && is_one_of(one.get_ref<const std::string&>(), type_words);
    };
    if (!value.is_array()) return is_type(value);
    return !value.empty() && std::all_of(value.begin(), value.end(), is_type);
}

bool is_text_list(const Json& value) {
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
}

Status check_properties(const Json& value, const std::string& where) {
    if (!value.is_object()) return fail(Code::bad_input, "{}: must be an object of schemas", where);
    for (const auto& [name, schema] : value.items()) EM_TRY(check_schema(schema, where + "/" + name));
    return {};
}

Status check_word(const std::string& word, const Json& value, const std::string& where) {
    if (is_one_of(word, silent_words) || word == "const") return {};
    if (word == "properties") return check_properties(value, where);
    if (word == "items") return check_schema(value, where);
    if (word == "additionalProperties") return value.is_boolean() ? Status{} : check_schema(value, where);
    const bool fits = word == "$ref"
                          ? value.is_string() && value.get<std::string>().starts_with(reference_start)
                      : word == "type"                         ? is_type_value(value)
                      : word == "required"                     ? is_text_list(value)
                      : word == "enum"                         ? value.is_array() && !value.empty()
                      : word == "minimum" || word == "maximum" ? value.is_number()
                      : is_one_of(word, count_words)           ? value.is_number_unsigned()
                                                               : false;
    if (!fits)
        return fail(Code::bad_input, "{}: a keyword that is not checked here, or a wrong value for it",
                    where);
    return {};
}

Status check_schema(const Json& schema, const std::string& where) {
    if (!schema.is_object()) return fail(Code::bad_input, "{}: a schema must be an object", where);
    for (const auto& [word, value] : schema.items()) EM_TRY(check_word(word, value, where + "/" + word));
    return {};
}

std::string_view type_of(const Json& value) {
    if (value.is_object()) return "object";
    if (value.is_array()) return "array";
    if (value.is_string()) return "string";
    if (value.is_number_integer()) return "integer";
    if (value.is_number()) return "number";
    return value.is_boolean() ? "boolean" : "null";
}

bool is_of_type(const Json& value, std::string_view type) {
    return type_of(value) == type || (type == "number" && value.is_number());
}

std::size_t characters_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string with_token(const std::string& pointer, const std::string& token) {
    std::string out = pointer + "/";
    for (const char c : token) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out.push_back(c);
    }
    return out;
}

std::string short_text(const Json& value) {
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 200) text = text.substr(0, 197) + "...";
    return text;
}

// One walk over a document.
class Check {
  public:
    Check(const std::map<std::string, Json>& schemas, std::size_t most) : schemas_(schemas), most_(most) {}

    void value(const Json& schema, const Json& document, const std::string& pointer) {
        if (faults_.size() >= most_) return;
        if (const auto reference = schema.find("$ref"); reference != schema.end()) {
            value(target_of(*reference), document, pointer);
        }
        if (!type_fits(schema, document, pointer)) return;
        choices(schema, document, pointer);
        if (document.is_number()) number(schema, document, pointer);
        if (document.is_string()) {
            const std::size_t size = characters_of(document.get_ref<const std::string&>());
            count(schema, "minLength", "maxLength", size, "characters", pointer);
        }
        if (document.is_array()) array(schema, document, pointer);
        if (document.is_object()) object(schema, document, pointer);
    }

    std::vector<BodyFault> take() { return std::move(faults_); }

  private:
    void report(const std::string& pointer, std::string message) {
        if (faults_.size() < most_) faults_.push_back({pointer, std::move(message)});
    }

    const Json& target_of(const Json& reference) const {
        const auto found = schemas_.find(reference.get<std::string>().substr(reference_start.size()));
        EM_ASSERT(found != schemas_.end(), "check_references() was called");
        return found->second;
    }

    bool type_fits(const Json& schema, const Json& document, const std::string& pointer) {
        const auto type = schema.find("type");
        if (type == schema.end()) return true;
        const auto fits = [&](const Json& one) {
            return is_of_type(document, one.get_ref<const std::string&>());
        };
        if (type->is_array() ? std::any_of(type->begin(), type->end(), fits) : fits(*type)) return true;
        report(pointer,
               fmt::format("must be of type {}, not {}",
                           type->is_array() ? type->dump() : type->get<std::string>(), type_of(document)));
        return false;
    }

    void choices(const Json& schema, const Json& document, const std::string& pointer) {
        const auto choices = schema.find("enum");
        if (choices != schema.end() &&
            std::find(choices->begin(), choices->end(), document) == choices->end()) {
            report(pointer, "must be one of " + short_text(*choices));
        }
        const auto constant = schema.find("const");
        if (constant != schema.end() && *constant != document)
            report(pointer, "must be " + short_text(*constant));
    }

    void number(const Json& schema, const Json& document, const std::string& pointer) {
        const auto least = schema.find("minimum");
        const auto most = schema.find("maximum");
        if (least != schema.end() && document < *least) report(pointer, "must be at least " + least->dump());
        if (most != schema.end() && document > *most) report(pointer, "must be at most " + most->dump());
    }

    void count(const Json& schema, const char* least_word, const char* most_word, std::size_t size,
               const char* unit, const std::string& pointer) {
        const auto least = schema.find(least_word);
        const auto most = schema.find(most_word);
        if (least != schema.end() && size < least->get<std::size_t>()) {
            report(pointer, fmt::format("must have at least {} {}, has {}", least->dump(), unit, size));
        }
        if (most != schema.end() && size > most->get<std::size_t>()) {
            report(pointer, fmt::format("must have at most {} {}, has {}", most->dump(), unit, size));
        }
    }

    void array(const Json& schema, const Json& document, const std::string& pointer) {
        count(schema, "minItems", "maxItems", document.size(), "items", pointer);
        const auto items = schema.find("items");
        if (items == schema.end()) return;
        for (std::size_t i = 0; i < document.size() && faults_.size() < most_; ++i) {
            value(*items, document[i], pointer + "/" + std::to_string(i));
        }
    }

    void object(const Json& schema, const Json& document, const std::string& pointer) {
        count(schema, "minProperties", "maxProperties", document.size(), "members", pointer);
        if (const auto required = schema.find("required"); required != schema.end()) {
            for (const Json& name : *required) {
                if (!document.contains(name.get_ref<const std::string&>())) {
                    report(pointer, fmt::format("misses '{}'", name.get<std::string>()));
                }
            }
        }
        // A schema that is only a reference leaves the members to its target.
        if (schema.contains("$ref") && !schema.contains("properties")) return;
        for (const auto& [name, member] : document.items()) {
            if (faults_.size() >= most_) return;
            this->member(schema, name, member, pointer);
        }
    }

    void member(const Json& schema, const std::string& name, const Json& member, const std::string& pointer) {
        const auto properties = schema.find("properties");
        if (properties != schema.end()) {
            const auto found = properties->find(name);
            if (found != properties->end()) return value(*found, member, with_token(pointer, name));
        }
        const auto others = schema.find("additionalProperties");
        if (others != schema.end() && others->is_object())
            return value(*others, member, with_token(pointer, name));
        if (others != schema.end() && others->get<bool>()) return;
        // No `properties` and no `additionalProperties`: an object of any form.
        if (others == schema.end() && properties == schema.end()) return;
        report(with_token(pointer, name), "is not known here; leave it out" + known(properties, schema));
    }

    static std::string known(Json::const_iterator properties, const Json& schema) {
        std::string names;
        if (properties == schema.end()) return names;
        for (const auto& [name, unused] : properties->items()) names += (names.empty() ? "" : ", ") + name;
        return names.empty() || names.size() > 300 ? "" : " (known: " + names + ")";
    }

    const std::map<std::string, Json>& schemas_;
    std::size_t most_;
    std::vector<BodyFault> faults_{};
};

// Every $ref below, and those met without going down in the document.
void collect_references(const Json& node, bool is_same_level,
                        std::vector<std::pair<std::string, bool>>& found) {
    if (!node.is_object()) return;
    if (const auto reference = node.find("$ref"); reference != node.end()) {
        found.emplace_back(reference->get<std::string>().substr(reference_start.size()), is_same_level);
    }
    for (const char* const word : {"items", "additionalProperties"}) {
        if (node.contains(word)) collect_references(node[word], false, found);
    }
    if (!node.contains("properties")) return;
    for (const auto& [name, schema] : node["properties"].items()) collect_references(schema, false, found);
}

}  // namespace

Status SchemaSet::add(const std::string& name, Json schema) {
    if (schemas_.contains(name)) return fail(Code::conflict, "schema '{}' is there already", name);
    EM_TRY(check_schema(schema, "schema " + name));
    schemas_.emplace(name, std::move(schema));
    return {};
}

Status SchemaSet::check_references() const {
    std::map<std::string, std::string> next;
    for (const auto& [name, schema] : schemas_) {
        std::vector<std::pair<std::string, bool>> found;
        collect_references(schema, true, found);
        for (const auto& [target, is_same_level] : found) {
            if (!schemas_.contains(target))
                return fail(Code::bad_input, "schema {}: there is no '{}'", name, target);
            if (is_same_level) next[name] = target;
        }
    }
    for (const auto& [name, schema] : schemas_) {
        std::size_t steps = 0;
        for (auto at = next.find(name); at != next.end(); at = next.find(at->second)) {
            if (++steps > schemas_.size())
                return fail(Code::bad_input, "schema {}: refers to itself in a circle", name);
        }
    }
    return {};
}

std::vector<BodyFault> SchemaSet::faults_of(const std::string& name, const Json& document,
                                            std::size_t most) const {
    const auto found = schemas_.find(name);
    EM_ASSERT(found != schemas_.end(), "the schema has been added");
    Check check(schemas_, most);
    check.value(found->second, document, "");
    return check.take();
}

}  // namespace euromesh::federation
