// Any record of any file by its id, field by field, as it stands there: for showing it to people.
//
// An id may stand in several files (a system and the AI Factory that it serves; a country's electricity and
// its people). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "facts/fact_files.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

struct FactField {
    std::string name = {};
    std::string unit = {};                  // of a number; empty for text
    std::optional<std::string> value = {};  // nullopt: unknown
};

struct FactRecord {
    std::string file = {};  // "systems.csv"
    std::string key = {};
    std::int64_t line = 0;               // where it begins
    std::vector<FactField> fields = {};  // in the order of the file
};

// Of every file, in the order in which they are told.
const std::vector<const TableShape*>& all_shapes();

// All records with this id. not_found: names those most alike; bad_input: a file cannot be read as a table.
Result<std::vector<FactRecord>> find_records(const FactFiles& files, std::string_view id);

// {"file", "line", "fields": {name: number, text or null}}
Json to_json(const FactRecord& record);

// One field a line, long texts wrapped at `width` characters, what is unknown in one line at the end.
std::string in_words(const FactRecord& record, std::size_t width = 100);

}  // namespace euromesh::facts
