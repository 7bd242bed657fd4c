// What is wrong in a file of facts: all of it, each with its place.
//
// Readers note problems and go on, so that one look shows everything there is to correct. Kept are the first
// most_kept; the rest is only counted, since a file may be of any kind. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::facts {

struct Problem {
    std::string file = {};
    std::int64_t line = 1;    // from 1
    std::int64_t column = 1;  // of the field's first character in that line, from 1, counted in code points
    std::string field = {};   // name of the column; empty when it is about a whole line
    std::string text = {};    // what is wrong, and what would be right
};

// "systems.csv:7:45: status: 'opertional' is not one of operational, ..."
std::string in_words(const Problem& problem);

// A value as messages quote it: at most `most` bytes of it, on one line.
std::string shown(std::string_view value, std::size_t most = 60);

class Problems {
  public:
    static constexpr std::size_t most_kept = 500;

    void add(Problem problem);

    // By place: file, line, column.
    void sort();

    bool full() const { return kept_.size() == most_kept; }
    bool none() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    const std::vector<Problem>& kept() const { return kept_; }

    // bad_input with the first one, and how many more there are.
    Status status() const;

  private:
    std::size_t count_ = 0;
    std::vector<Problem> kept_;
};

}  // namespace euromesh::facts
