#include "facts/catalogue.hpp"

#include <algorithm>
#include <charconv>

#include "facts/fact_set.hpp"
#include "facts/nearest.hpp"

namespace euromesh::facts {
namespace {

FactRecord record_of(const TableShape& shape, const CsvRow& row) {
    FactRecord record{std::string(shape.file), row.raw(shape.columns.front().name), row.line(), {}};
    for (const Column& column : shape.columns) {
        record.fields.push_back(
            {std::string(column.name), std::string(column.unit), row.optional_text(column.name)});
    }
    return record;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// Words of the text on lines of at most `width` characters, all but the first begun with `indent` blanks.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::string result;
    std::size_t at = indent;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
        const std::string_view word = text.substr(0, end);
        text = text.substr(std::min(end + 1, text.size()));
        if (!result.empty() && at + 1 + characters(word) > width) {
            result += "\n" + std::string(indent, ' ');
            at = indent;
        } else if (!result.empty()) {
            result += ' ';
            ++at;
        }
        result += word;
        at += characters(word);
    }
    return result;
}

std::string_view meaning_of(std::string_view grade) {
    if (grade == "A") return "A (the primary source was read)";
    if (grade == "B") return "B (a reputable second source)";
    return grade == "C" ? "C (estimate, derivation or recalled)" : grade;
}

std::string value_in_words(const FactField& field) {
    if (field.name.ends_with("grade")) return std::string(meaning_of(*field.value));
    if (field.unit.empty() || field.unit == "1") return *field.value;
    return *field.value + " " + field.unit;
}

Json value_of(const FactField& field) {
    if (!field.value) return nullptr;
    if (field.unit.empty()) return *field.value;
    std::int64_t whole = 0;
    const char* const end = field.value->data() + field.value->size();
    if (std::from_chars(field.value->data(), end, whole).ptr == end) return whole;
    double number = 0;
    if (std::from_chars(field.value->data(), end, number).ptr == end) return number;
    return *field.value;
}

}  // namespace

const std::vector<const TableShape*>& all_shapes() {
    static const std::vector<const TableShape*> shapes = {
        &systems_table().shape,   &accelerators_table().shape,  &ai_factories_table().shape,
        &countries_table().shape, &energy_table().shape,        &grid_leads_table().shape,
        &costs_table().shape,     &training_runs_table().shape, &access_modes_table().shape,
        &network_table().shape};
    return shapes;
}

Result<std::vector<FactRecord>> find_records(const FactFiles& files, std::string_view id) {
    Problems problems;
    std::vector<FactRecord> records;
    std::vector<std::string> known;
    for (const TableShape* shape : all_shapes()) {
        EM_ASSIGN(FactText read, files.read(shape->file));
        const auto table =
            CsvTable::parse(std::move(read.text), std::move(read.label), shape->column_names(), problems);
        EM_TRY(problems.status());
        for (std::size_t i = 0; i < table->size(); ++i) {
            const CsvRow row = table->row(i, problems);
            const std::string& key = row.raw(shape->columns.front().name);
            if (key == id) records.push_back(record_of(*shape, row));
            if (std::find(known.begin(), known.end(), key) == known.end()) known.push_back(key);
        }
    }
    if (!records.empty()) return records;
    return fail(Code::not_found, "no record '{}' in any table of facts{}", shown(id),
                do_you_mean(nearest_names(id, known)));
}

Json to_json(const FactRecord& record) {
    Json fields = Json::object();
    for (const FactField& field : record.fields) fields[field.name] = value_of(field);
    return {{"file", record.file}, {"line", record.line}, {"fields", std::move(fields)}};
}

std::string in_words(const FactRecord& record, std::size_t width) {
    std::size_t longest = 0;
    for (const FactField& field : record.fields) longest = std::max(longest, field.name.size());
    const std::size_t indent = 2 + longest + 2;
    std::string text = fmt::format("{}  ({}, line {})\n", record.key, record.file, record.line);
    std::vector<std::string> unknown;
    for (const FactField& field : record.fields) {
        if (!field.value) {
            if (field.name != "note") unknown.push_back(field.name);
        } else if (field.name != record.fields.front().name) {
            text += fmt::format("  {:<{}}  {}\n", field.name, longest,
                                wrapped(value_in_words(field), indent, width));
        }
    }
    if (unknown.empty()) return text;
    return text + fmt::format("  {:<{}}  {}\n", "(unknown)", longest,
                              wrapped(fmt::format("{}", fmt::join(unknown, ", ")), indent, width));
}

}  // namespace euromesh::facts
