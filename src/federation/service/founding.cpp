#include "federation/service/founding.hpp"

#include "base/hash.hpp"
#include "facts/access_modes.hpp"
#include "facts/countries.hpp"
#include "facts/fact_files.hpp"
#include "federation/core/tiers.hpp"
#include "federation/ledger/tree_head.hpp"
#include "federation/rules/shipped.hpp"

namespace euromesh::federation {

Result<FederationRecord> new_federation(const Founding& founding) {
    EM_TRY(check_origin(founding.name));
    if (founding.administrators.empty())
        return fail(Code::bad_input,
                    "a federation needs an administrator: ISSUER|SUBJECT, as whoami shows it");
    FederationRecord made;
    made.name = founding.name;
    made.coordinator_key = to_hex(founding.coordinator);
    made.administrators = founding.administrators;
    made.governance.keys["board"] = to_hex(founding.board);
    const facts::FactFiles files = facts::FactFiles::built_in();
    EM_ASSIGN(const std::vector<facts::AccessMode> modes, facts::load_access_modes(files));
    made.tiers = tiers_from(modes);
    EM_ASSIGN(const std::vector<facts::Country> countries, facts::load_countries(files));
    fill_countries(made, countries);
    for (const RuleText& text : all_shipped_rules()) made.rules.push_back({text.name, text.text});
    return made;
}

}  // namespace euromesh::federation
