#include "facts/fact_set.hpp"

#include <utility>

namespace euromesh::facts {
namespace {

template <class Record>
Table<Record> read_file(const TableKind<Record>& kind, const FactFiles& files, CheckedFacts& checked) {
    auto read = files.read(kind.file);
    if (!read) {
        checked.problems.add({std::string(kind.file), 1, 1, "", read.error().message});
        return {};
    }
    Table<Record> table = read_table(kind, std::move(read->text), read->label, checked.problems);
    checked.files.push_back({std::string(kind.file), table.records.size()});
    return table;
}

}  // namespace

CheckedFacts check_facts(const FactFiles& files) {
    CheckedFacts checked;
    checked.facts.systems = read_file(systems_table(), files, checked).records;
    checked.facts.accelerators = read_file(accelerators_table(), files, checked).records;
    checked.facts.ai_factories = read_file(ai_factories_table(), files, checked).records;
    checked.facts.energy = read_file(energy_table(), files, checked).records;
    checked.facts.countries = read_file(countries_table(), files, checked).records;
    checked.facts.grid_leads = read_file(grid_leads_table(), files, checked).records;
    checked.facts.costs = read_file(costs_table(), files, checked).records;
    checked.facts.training_runs = read_file(training_runs_table(), files, checked).records;
    checked.facts.links = read_file(network_table(), files, checked).records;
    checked.facts.access_modes = read_file(access_modes_table(), files, checked).records;
    return checked;
}

Result<FactSet> load_facts(const FactFiles& files) {
    CheckedFacts checked = check_facts(files);
    EM_TRY(checked.problems.status());
    return std::move(checked.facts);
}

}  // namespace euromesh::facts
