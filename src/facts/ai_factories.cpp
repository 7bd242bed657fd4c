#include "facts/ai_factories.hpp"

#include "facts/fields.hpp"

namespace euromesh::facts {
namespace {

const std::vector<std::string_view> kind_names = {"factory", "antenna"};

AiFactory read_factory(const CsvRow& row) {
    AiFactory factory;
    factory.id = row.text("id");
    factory.name = row.text("name");
    factory.kind = static_cast<AiFactoryKind>(row.choice("type", kind_names));
    factory.host = row.optional_text("host");
    factory.host_country = country_in(row, "host_country_iso2");
    factory.countries = list_in(row, "countries");
    factory.cohort_date = date_in(row, "cohort_date");
    factory.system = row.optional_text("system");
    factory.system_id = row.optional_text("system_id");
    factory.contract_date = date_in(row, "contract_date");
    factory.contract_eur_m = row.number("contract_eur_m", {0, 1e5});
    factory.expected_online = date_in(row, "expected_online");
    factory.linked = list_in(row, "linked_ai_factories");
    factory.source = source_in(row);
    factory.note = row.raw("note");
    return factory;
}

}  // namespace

std::string_view name_of(AiFactoryKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

const TableKind<AiFactory>& ai_factories_table() {
    static const TableKind<AiFactory> kind = {{"ai_factories.csv",
                                               {"id",
                                                "name",
                                                "type",
                                                "host",
                                                "host_country_iso2",
                                                "countries",
                                                "cohort_date",
                                                "system",
                                                "system_id",
                                                "contract_date",
                                                {"contract_eur_m", "EUR million"},
                                                "expected_online",
                                                "linked_ai_factories",
                                                "source",
                                                "source_url",
                                                "as_of",
                                                "grade",
                                                "note"}},
                                              read_factory};
    return kind;
}

Result<std::vector<AiFactory>> load_ai_factories(const FactFiles& files) {
    return load_records(ai_factories_table(), files);
}

}  // namespace euromesh::facts
