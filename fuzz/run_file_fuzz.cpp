// Run files as people write them: what parses is a run that can be laid out.
#include "apps/replica.hpp"
#include "contract/run_spec.hpp"
#include "fuzz/input.hpp"
#include "trainer/model.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const auto spec = contract::parse_run_spec(input.text(), "folder/run.toml");
    if (!spec) {
        EM_ASSERT(spec.error().message.find("run.toml") != std::string::npos, "says where");
        return;
    }
    EM_ASSERT(!spec->sites.empty(), "a run has sites");
    for (const contract::SiteSpec& site : spec->sites)
        EM_ASSERT(spec->rank_of(site.id.text()).has_value(), "every site has a rank");
    EM_ASSERT(trainer::validate(apps::model_of(*spec)).has_value(), "a run has a model that can be made");
    if (spec->steps <= 100'000) EM_ASSERT(apps::Rounds(*spec).count() > 0, "a run has rounds");
}

}  // namespace euromesh::fuzz
