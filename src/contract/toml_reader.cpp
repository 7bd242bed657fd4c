#include "contract/toml_reader.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <map>

namespace euromesh::contract {
namespace {

constexpr std::size_t max_bytes = 1u << 20;

const toml::table* as_table(const void* node) {
    return static_cast<const toml::table*>(node);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
        }
    }
    return row.back();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name, const std::set<std::string>& known) {
    std::optional<std::string> best;
    std::size_t distance = 1 + name.size() / 2;
    for (const std::string& candidate : known) {
        const std::size_t d = edit_distance(name, candidate);
        if (d < distance) {
            distance = d;
            best = candidate;
        }
    }
    return best;
}

struct TomlReader::Shared {
    std::string file;
    toml::table root;
    std::optional<std::string> problem;
    std::map<const toml::table*, std::pair<std::string, std::set<std::string>>> asked;

    void report(const toml::node& at, std::string_view where, std::string_view what) {
        if (problem) return;
        problem = fmt::format("{}:{}: {}: {}", file, at.source().begin.line, where, what);
    }

    void find_unknown_keys(const toml::table& table) {
        const auto found = asked.find(&table);
        if (found == asked.end()) return;
        const auto& [name, known] = found->second;
        for (const auto& [key, value] : table) {
            if (known.count(std::string(key.str())) != 0) continue;
            const std::optional<std::string> near = nearest_name(key.str(), known);
            report(value, fmt::format("{}{}{}", name, name.empty() ? "" : " ", key.str()),
                   near ? fmt::format("unknown key; did you mean '{}'?", *near) : "unknown key");
        }
    }
};

TomlReader::TomlReader(std::shared_ptr<Shared> shared, const void* node, std::string name)
    : shared_(std::move(shared)), node_(node), name_(std::move(name)) {
    if (node_ != nullptr) shared_->asked[as_table(node_)].first = name_;
}

Result<TomlReader> TomlReader::parse(std::string_view text, std::string file) {
    if (text.size() > max_bytes) return fail(Code::bad_input, "{}: larger than {} bytes", file, max_bytes);
    auto shared = std::make_shared<Shared>();
    shared->file = std::move(file);
    try {
        shared->root = toml::parse(text);
    } catch (const toml::parse_error& error) {
        const auto at = error.source().begin;
        return fail(Code::bad_input, "{}:{}:{}: not valid TOML: {}", shared->file, at.line, at.column,
                    error.description());
    }
    const void* root = &shared->root;
    return TomlReader(std::move(shared), root, "");
}

const void* TomlReader::find(std::string_view key) {
    if (node_ == nullptr) return nullptr;
    shared_->asked[as_table(node_)].second.insert(std::string(key));
    return as_table(node_)->get(key);
}

void TomlReader::reject(std::string_view key, std::string_view problem) {
    const std::string where = name_.empty() ? std::string(key) : fmt::format("{} {}", name_, key);
    if (node_ == nullptr) {
        if (!shared_->problem) shared_->problem = fmt::format("{}: {}: {}", shared_->file, where, problem);
        return;
    }
    const toml::node* node = as_table(node_)->get(key);
    shared_->report(node != nullptr ? *node : static_cast<const toml::node&>(*as_table(node_)), where,
                    problem);
}

std::string TomlReader::text(std::string_view key, std::string fallback) {
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node == nullptr) return fallback;
    if (const auto* value = node->as_string()) return value->get();
    reject(key, "must be text in quotes");
    return fallback;
}

std::string TomlReader::required_text(std::string_view key) {
    if (find(key) == nullptr) reject(key, "is missing; it must be text in quotes");
    return text(key, "");
}

std::string TomlReader::choice(std::string_view key, std::string fallback,
                               const std::vector<std::string_view>& allowed) {
    std::string value = text(key, std::move(fallback));
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
        reject(key, fmt::format("'{}' is not one of: {}", value.substr(0, 40), fmt::join(allowed, ", ")));
    }
    return value;
}

std::int64_t TomlReader::integer(std::string_view key, std::int64_t fallback, IntegerRange range) {
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node == nullptr) return fallback;
    const auto* value = node->as_integer();
    if (value == nullptr) {
        reject(key, "must be a whole number");
        return fallback;
    }
    if (value->get() < range.least || value->get() > range.most) {
        reject(key, fmt::format("{} is out of range; use {} to {}", value->get(), range.least, range.most));
        return fallback;
    }
    return value->get();
}

double TomlReader::number(std::string_view key, double fallback, NumberRange range) {
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node == nullptr) return fallback;
    const std::optional<double> value = node->value<double>();
    if (!node->is_number() || !value) {
        reject(key, "must be a number");
        return fallback;
    }
    if (!(*value >= range.least && *value <= range.most)) {
        reject(key, fmt::format("{} is out of range; use {} to {}", *value, range.least, range.most));
        return fallback;
    }
    return *value;
}

bool TomlReader::boolean(std::string_view key, bool fallback) {
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node == nullptr) return fallback;
    if (const auto* value = node->as_boolean()) return value->get();
    reject(key, "must be true or false");
    return fallback;
}

std::vector<std::string> TomlReader::texts(std::string_view key, std::vector<std::string> fallback) {
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node == nullptr) return fallback;
    const toml::array* array = node->as_array();
    if (array == nullptr || array->size() > 1000 ||
        !(array->empty() || array->is_homogeneous<std::string>())) {
        reject(key, "must be a list of texts in quotes: [\"one\", \"two\"]");
        return fallback;
    }
    std::vector<std::string> values;
    for (const toml::node& element : *array) values.push_back(element.as_string()->get());
    return values;
}

std::vector<double> TomlReader::numbers(std::string_view key, std::vector<double> fallback, std::size_t most,
                                        NumberRange range) {
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node == nullptr) return fallback;
    if (node->is_number()) return {number(key, 0, range)};
    const toml::array* array = node->as_array();
    if (array == nullptr || array->empty() || array->size() > most) {
        reject(key, fmt::format("must be a number, or a list of up to {} numbers", most));
        return fallback;
    }
    std::vector<double> values;
    for (const toml::node& element : *array) {
        const std::optional<double> value = element.value<double>();
        if (!element.is_number() || !(*value >= range.least && *value <= range.most)) {
            reject(key, fmt::format("every element must be a number from {} to {}", range.least, range.most));
            return fallback;
        }
        values.push_back(*value);
    }
    return values;
}

std::string TomlReader::date(std::string_view key, std::string fallback) {
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node != nullptr && node->is_date()) {
        const toml::date& date = node->as_date()->get();
        return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
    }
    return text(key, std::move(fallback));
}

bool TomlReader::has(std::string_view key) {
    return find(key) != nullptr;
}

TomlReader TomlReader::table(std::string_view key) {
    const auto* node = static_cast<const toml::node*>(find(key));
    const std::string name = fmt::format("[{}]", key);
    if (node != nullptr && !node->is_table()) reject(key, fmt::format("must be a table {}", name));
    const toml::table* table = node != nullptr ? node->as_table() : nullptr;
    return TomlReader(shared_, table, name);
}

std::vector<TomlReader> TomlReader::tables(std::string_view key) {
    std::vector<TomlReader> readers;
    const auto* node = static_cast<const toml::node*>(find(key));
    if (node == nullptr) return readers;
    const toml::array* array = node->as_array();
    if (array == nullptr || !array->is_homogeneous<toml::table>()) {
        reject(key, fmt::format("must be a list of tables [[{}]]", key));
        return readers;
    }
    for (const toml::node& element : *array) {
        readers.push_back(TomlReader(shared_, element.as_table(), fmt::format("[[{}]]", key)));
    }
    return readers;
}

Status TomlReader::finish() {
    // In the order of the file, so that the same mistake always gives the same message.
    std::multimap<std::uint32_t, const toml::table*> by_line;
    for (const auto& [table, unused] : shared_->asked) by_line.emplace(table->source().begin.line, table);
    for (const auto& [line, table] : by_line) shared_->find_unknown_keys(*table);
    if (shared_->problem) return fail(Code::bad_input, "{}", *shared_->problem);
    return {};
}

}  // namespace euromesh::contract
