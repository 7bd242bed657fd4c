#include "facts/fact_set.hpp"

#include <utility>

#include "facts/cross_checks.hpp"

namespace euromesh::facts {
namespace {

// The files one after another, with what is wrong in them.
class Reader {
  public:
    Reader(const FactFiles& files, CheckedFacts& checked) : files_(files), checked_(checked) {}

    template <class Record>
    Table<Record> read(const TableKind<Record>& kind) {
        auto text = files_.read(kind.shape.file);
        if (!text) {
            checked_.problems.add({files_.label(kind.shape.file), 1, 1, "", text.error().message});
            return {};
        }
        Table<Record> table =
            read_table(kind, std::move(text->text), std::move(text->label), checked_.problems);
        checked_.files.push_back({std::string(kind.shape.file), table.records.size()});
        return table;
    }

  private:
    const FactFiles& files_;
    CheckedFacts& checked_;
};

FactTables read_tables(Reader reader) {
    FactTables tables;
    tables.systems = reader.read(systems_table());
    tables.accelerators = reader.read(accelerators_table());
    tables.ai_factories = reader.read(ai_factories_table());
    tables.countries = reader.read(countries_table());
    tables.energy = reader.read(energy_table());
    tables.grid_leads = reader.read(grid_leads_table());
    tables.costs = reader.read(costs_table());
    tables.training_runs = reader.read(training_runs_table());
    tables.access_modes = reader.read(access_modes_table());
    tables.links = reader.read(network_table());
    return tables;
}

FactSet records_of(FactTables tables) {
    return {std::move(tables.systems.records),      std::move(tables.accelerators.records),
            std::move(tables.ai_factories.records), std::move(tables.energy.records),
            std::move(tables.countries.records),    std::move(tables.grid_leads.records),
            std::move(tables.costs.records),        std::move(tables.training_runs.records),
            std::move(tables.links.records),        std::move(tables.access_modes.records)};
}

}  // namespace

CheckedFacts check_facts(const FactFiles& files) {
    CheckedFacts checked;
    FactTables tables = read_tables(Reader(files, checked));
    check_references(tables, checked.problems);
    check_arithmetic(tables, checked.problems);
    checked.problems.sort();
    checked.facts = records_of(std::move(tables));
    return checked;
}

Result<FactSet> load_facts(const FactFiles& files) {
    CheckedFacts checked = check_facts(files);
    EM_TRY(checked.problems.status());
    return std::move(checked.facts);
}

}  // namespace euromesh::facts
