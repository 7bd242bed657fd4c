// A run's checkpoint with one file of it replaced by any bytes, and the digests in state.json made to fit, as
// somebody would who has write access to the folder. It is read or refused.
#include <fstream>

#include "apps/run_checkpoint.hpp"
#include "apps/run_folder.hpp"
#include "base/hash.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

constexpr const char* run_text = R"([run]
name = "r"
steps = 10
folder = "run"
[model]
dim = 8
layers = 1
heads = 2
hidden = 8
context = 4
[[site]]
name = "a"
text = "a.txt"
heldout = "b.txt"
)";

struct Sound {
    contract::RunSpec spec;
    os::Path folder;  // of the checkpoint
    std::string state;
};

trainer::Checkpoint small_checkpoint(const contract::RunSpec& spec) {
    trainer::Checkpoint checkpoint;
    checkpoint.model = {256, 8, 1, 2, 8, 4, true, 10000, 1e-5};
    const std::size_t count = contract::value_count(trainer::model_layout(checkpoint.model));
    checkpoint.parameters.resize(count, 0.5f);
    checkpoint.optimiser.first = checkpoint.optimiser.second = checkpoint.parameters;
    checkpoint.optimiser.step = 3;
    checkpoint.outer_parameters = checkpoint.outer_momentum = checkpoint.parameters;
    checkpoint.extra = {
        {"run", spec.name.text()}, {"chain_head", sync::chain_origin()}, {"tokens_total", 640}};
    return checkpoint;
}

Sound make_sound() {
    Sound sound;
    sound.spec = contract::parse_run_spec(run_text, scratch_folder() / "run.toml").value();
    sound.folder =
        trainer::save_checkpoint(apps::site_folder(sound.spec, "a"), small_checkpoint(sound.spec)).value();
    sound.state = os::read_file(sound.folder / "state.json", 1u << 20).value();
    EM_ASSERT(apps::newest_state(sound.spec, "a").value().has_value(), "the checkpoint is sound before");
    return sound;
}

void write(const os::Path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

// Where state.json says no digests, the right ones are put in.
std::string with_digests(const Sound& sound, std::string_view text) {
    auto state = parse_json(text);
    if (!state || !state->is_object() || state->contains("sha256")) return std::string(text);
    (*state)["sha256"] = parse_json(sound.state).value()["sha256"];
    return state->dump();
}

std::string with_digest_of(const Sound& sound, const char* file, std::string_view text) {
    Json state = parse_json(sound.state).value();
    state["sha256"][file] = to_hex(sha256(text));
    return state.dump();
}

}  // namespace

void try_input(Input input) {
    static const Sound sound = make_sound();
    static constexpr const char* files[] = {"state.json", "config.json", "latest"};
    const char* const file = files[input.byte() % std::size(files)];
    const os::Path path = (file == files[2] ? sound.folder.parent_path() : sound.folder) / file;
    const std::string before = os::read_file(path, 1u << 20).value();
    write(path, file == files[0] ? with_digests(sound, input.text()) : std::string(input.text()));
    if (file == files[1]) write(sound.folder / "state.json", with_digest_of(sound, file, input.text()));
    const auto state = apps::newest_state(sound.spec, "a");
    if (state && *state) {
        EM_ASSERT((*state)->outer.params.size() == (*state)->outer.momentum.size(),
                  "a state has its momentum");
    }
    write(path, before);
    if (file == files[1]) write(sound.folder / "state.json", sound.state);
}

}  // namespace euromesh::fuzz
