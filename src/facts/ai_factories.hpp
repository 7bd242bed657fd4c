// AI Factories and their antennas: who hosts them, which countries take part, which machine they will have.
//
// An antenna has no machine of its own and names the factories whose machines it may use. Unknown is nullopt.
// Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "facts/date.hpp"
#include "facts/source.hpp"
#include "facts/table.hpp"

namespace euromesh::facts {

enum class AiFactoryKind { factory, antenna };

struct AiFactory {
    std::string id = {};
    std::string name = {};
    AiFactoryKind kind = AiFactoryKind::factory;
    std::optional<std::string> host = {};
    std::string host_country = {};            // ISO 3166-1 alpha-2
    std::vector<std::string> countries = {};  // all that take part
    std::optional<PartialDate> cohort_date = {};
    std::optional<std::string> system = {};     // as it is called
    std::optional<std::string> system_id = {};  // in systems.csv
    std::optional<PartialDate> contract_date = {};
    std::optional<double> contract_eur_m = {};
    std::optional<PartialDate> expected_online = {};
    std::vector<std::string> linked = {};  // ids of factories, of an antenna
    Source source = {};
    std::string note = {};
};

std::string_view name_of(AiFactoryKind kind);

const TableKind<AiFactory>& ai_factories_table();
Result<std::vector<AiFactory>> load_ai_factories(const FactFiles& files);

}  // namespace euromesh::facts
