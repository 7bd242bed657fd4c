// For tests of tables: a row that is right, rows made from it that are not, and what is said about them.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "facts/embedded.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

class TestRow {
  public:
    using Changes = std::vector<std::pair<std::string, std::string>>;

    TestRow(const TableShape& shape, const Changes& fields) : columns_(shape.column_names()) {
        *this = with(fields);
    }

    TestRow with(const Changes& changes) const {
        TestRow row = *this;
        for (const auto& [column, value] : changes) {
            REQUIRE(std::find(columns_.begin(), columns_.end(), column) != columns_.end());
            row.fields_[column] = value;
        }
        return row;
    }

    std::string line() const {
        std::string text;
        for (const std::string_view column : columns_) {
            const auto found = fields_.find(std::string(column));
            text += (text.empty() && column == columns_.front() ? "" : ",") +
                    (found == fields_.end() ? "" : found->second);
        }
        return text + "\n";
    }

    std::string file() const { return fmt::format("{}\n{}", fmt::join(columns_, ","), line()); }

  private:
    std::vector<std::string_view> columns_;
    std::map<std::string, std::string> fields_;
};

// The facts that travel in the program, to be changed.
inline std::map<std::string, std::string, std::less<>> built_in_texts() {
    std::map<std::string, std::string, std::less<>> texts;
    for (const EmbeddedFile& file : embedded_files()) texts[std::string(file.name)] = file.text;
    return texts;
}

template <class Record>
std::string only_problem(const TableKind<Record>& kind, const std::string& text) {
    Problems problems;
    read_table(kind, text, "t.csv", problems);
    CAPTURE(text);
    for (const Problem& problem : problems.kept()) CAPTURE(in_words(problem));
    REQUIRE(problems.count() == 1);
    return in_words(problems.kept().front());
}

}  // namespace euromesh::facts
