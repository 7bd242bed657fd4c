// Checkpoints of a run: the trainer's state together with where the run is.
#pragma once

#include <optional>

#include "base/os/file.hpp"
#include "contract/run_spec.hpp"
#include "sync/outer.hpp"
#include "sync/session.hpp"
#include "trainer/checkpoint.hpp"
#include "trainer/trainer.hpp"

namespace euromesh::apps {

// What a site needs to go on: its inner optimiser, and the run's outer state.
struct SiteState {
    sync::OuterState outer;
    sync::Position position;
    trainer::OptimiserState optimiser;
};

Result<os::Path> save_site(const contract::RunSpec& spec, const std::string& site,
                           const trainer::Trainer& trainer, const sync::OuterState& outer,
                           const sync::Position& position);

// The site's newest checkpoint; without one, the newest of any other site of the run (with its outer state
// only, for the inner optimiser belongs to the site's own data); nothing when no site has one. bad_input:
// another model.
Result<std::optional<SiteState>> newest_state(const contract::RunSpec& spec, const std::string& site);

Result<os::Path> save_solo(const contract::RunSpec& spec, const std::string& name,
                           const trainer::Trainer& trainer);

// Cuts manifests of rounds from `round` on, which were committed after the checkpoint that the site goes on
// from, and keeps what is left aside as manifests-N.jsonl: a file that begins anew is a chain of its own. A
// file without such rounds stays.
Status set_manifests_aside(const os::Path& file, std::uint64_t round);

}  // namespace euromesh::apps
