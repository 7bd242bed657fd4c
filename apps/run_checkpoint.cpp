#include "apps/run_checkpoint.hpp"

#include "apps/replica.hpp"
#include "apps/run_folder.hpp"
#include "sync/manifest.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;

constexpr std::uint64_t manifests_max_bytes = 1u << 30;

trainer::Checkpoint checkpoint_of(const trainer::Trainer& trainer) {
    trainer::Checkpoint checkpoint;
    checkpoint.model = trainer.model();
    checkpoint.parameters.resize(trainer.parameter_count());
    trainer.read_parameters(checkpoint.parameters);
    checkpoint.optimiser = trainer.optimiser_state();
    return checkpoint;
}

Result<SiteState> state_of(const RunSpec& spec, const os::Path& folder) {
    EM_ASSIGN(trainer::Checkpoint checkpoint, trainer::load_checkpoint(folder));
    const std::string where = folder.string();
    if (checkpoint.model != model_of(spec)) {
        return fail(Code::bad_input, "{}: a checkpoint of another model shape than the run file's [model]",
                    where);
    }
    EM_ASSIGN(const std::string run, json_string(checkpoint.extra, "run", where));
    if (run != spec.name.text()) return fail(Code::bad_input, "{}: a checkpoint of run {}", where, run);
    SiteState state;
    state.position.round = checkpoint.round;
    EM_ASSIGN(state.position.chain_head, json_string(checkpoint.extra, "chain_head", where));
    EM_ASSIGN(const std::int64_t tokens, json_integer(checkpoint.extra, "tokens_total", where));
    state.position.tokens_total = static_cast<std::uint64_t>(tokens);
    state.outer = {std::move(checkpoint.outer_parameters), std::move(checkpoint.outer_momentum),
                   std::move(checkpoint.outer_delayed)};
    state.optimiser = std::move(checkpoint.optimiser);
    if (state.outer.params.empty())
        return fail(Code::bad_input, "{}: a checkpoint without outer state", where);
    return state;
}

bool has_checkpoint(const os::Path& folder) {
    return std::filesystem::exists(folder / "latest");
}

}  // namespace

Result<os::Path> save_site(const RunSpec& spec, const std::string& site, const trainer::Trainer& trainer,
                           const sync::OuterState& outer, const sync::Position& position) {
    trainer::Checkpoint checkpoint = checkpoint_of(trainer);
    checkpoint.parameters =
        outer.params;  // what is exported and evaluated is the outer model, not the replica
    checkpoint.outer_parameters = outer.params;
    checkpoint.outer_momentum = outer.momentum;
    checkpoint.outer_delayed = outer.delayed;
    checkpoint.round = position.round;
    checkpoint.extra = {{"run", spec.name.text()},
                        {"site", site},
                        {"chain_head", position.chain_head},
                        {"tokens_total", position.tokens_total},
                        {"state_digest", sync::state_digest(outer)}};
    return trainer::save_checkpoint(site_folder(spec, site), checkpoint, 2);
}

Result<std::optional<SiteState>> newest_state(const RunSpec& spec, const std::string& site) {
    if (has_checkpoint(site_folder(spec, site))) {
        EM_ASSIGN(SiteState state, state_of(spec, site_folder(spec, site)));
        return std::optional<SiteState>(std::move(state));
    }
    std::optional<SiteState> newest;
    for (const contract::SiteSpec& other : spec.sites) {
        const os::Path folder = site_folder(spec, other.id.text());
        if (!has_checkpoint(folder)) continue;
        EM_ASSIGN(SiteState state, state_of(spec, folder));
        state.optimiser = {};
        if (!newest || state.position.round > newest->position.round) newest = std::move(state);
    }
    return newest;
}

Result<os::Path> save_solo(const RunSpec& spec, const std::string& name, const trainer::Trainer& trainer) {
    trainer::Checkpoint checkpoint = checkpoint_of(trainer);
    checkpoint.extra = {{"run", spec.name.text()}, {"comparison", name}};
    return trainer::save_checkpoint(solo_folder(spec, name), checkpoint, 1);
}

Status set_manifests_aside(const os::Path& file, std::uint64_t round) {
    const Result<std::string> text = os::read_file(file, manifests_max_bytes);
    if (!text && text.error().code == Code::not_found) return {};
    if (!text) return fail(text.error());
    std::size_t kept = 0;
    while (kept < text->size()) {
        const std::size_t end = text->find('\n', kept);
        if (end == std::string::npos) break;
        const Result<sync::Manifest> manifest =
            sync::decode_manifest(std::string_view(*text).substr(kept, end - kept));
        if (!manifest || manifest->round >= round) break;
        kept = end + 1;
    }
    // Nothing was committed after it: the chain goes on in the same file.
    if (kept == text->size()) return {};
    int number = 1;
    const auto aside = [&] { return file.parent_path() / fmt::format("manifests-{}.jsonl", number); };
    while (std::filesystem::exists(aside())) ++number;
    if (kept > 0) EM_TRY(os::write_file_atomically(aside(), std::string_view(*text).substr(0, kept)));
    std::error_code error;
    std::filesystem::remove(file, error);
    return {};
}

}  // namespace euromesh::apps
