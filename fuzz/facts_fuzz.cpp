// Files of facts: whatever is in one, reading it ends, and every problem has its place and one line of words.
#include "facts/fact_set.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

void check_problems(const facts::Problems& problems, std::string_view text) {
    const auto lines = 1 + std::ranges::count(text, '\n');
    for (const facts::Problem& problem : problems.kept()) {
        EM_ASSERT(problem.line >= 1 && problem.line <= lines && problem.column >= 1, "a place in the file");
        const std::string words = facts::in_words(problem);
        EM_ASSERT(words.size() < 1500, "a problem is told in short");
        EM_ASSERT(std::ranges::all_of(words, [](char c) { return static_cast<unsigned char>(c) >= ' '; }),
                  "a problem is told on one line");
    }
}

template <class Record>
void read(const facts::TableKind<Record>& kind, Input input) {
    facts::Problems problems;
    const auto table = facts::read_table(kind, std::string(input.text()), "fuzz.csv", problems);
    if (table.csv) EM_ASSERT(table.records.size() == table.csv->size(), "a record for each row");
    if (!table.csv) EM_ASSERT(!problems.none(), "no table without a reason");
    check_problems(problems, input.text());
}

using ReadTable = void (*)(Input);
template <auto table>
void read_as(Input input) {
    read(table(), input);
}

constexpr ReadTable tables[] = {
    read_as<facts::systems_table>,      read_as<facts::accelerators_table>,
    read_as<facts::ai_factories_table>, read_as<facts::energy_table>,
    read_as<facts::countries_table>,    read_as<facts::grid_leads_table>,
    read_as<facts::costs_table>,        read_as<facts::network_table>,
    read_as<facts::access_modes_table>, read_as<facts::training_runs_table>,
};

}  // namespace

void try_input(Input input) {
    tables[input.byte() % std::size(tables)](input);
}

}  // namespace euromesh::fuzz
