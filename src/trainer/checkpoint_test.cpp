#include "trainer/checkpoint.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "contract/safetensors.hpp"

using namespace euromesh;
using namespace euromesh::trainer;

namespace {

struct Folder {
    os::Path path =
        std::filesystem::temp_directory_path() / ("em_checkpoint_test_" + std::to_string(::getpid()));
    Folder() {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::size_t entries() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++count;
        return count;
    }
};

Checkpoint example(std::uint64_t step) {
    Checkpoint checkpoint;
    checkpoint.model = {.dim = 16, .layers = 1, .heads = 2, .hidden = 24, .context = 8};
    checkpoint.round = 3;
    checkpoint.sampler_state = 0xfedcba9876543210ULL;
    checkpoint.parameters.resize(contract::value_count(model_layout(checkpoint.model)));
    initial_parameters(checkpoint.model, step, checkpoint.parameters);
    checkpoint.optimiser = {.first = checkpoint.parameters, .second = checkpoint.parameters, .step = step};
    for (float& value : checkpoint.optimiser.second) value *= value;
    checkpoint.outer_parameters = checkpoint.parameters;
    checkpoint.outer_parameters.front() = 77;
    checkpoint.outer_momentum = checkpoint.optimiser.second;
    checkpoint.outer_momentum.back() = 78;
    checkpoint.extra = Json{{"run", "three-sites"}};
    return checkpoint;
}

void check_same(const Checkpoint& a, const Checkpoint& b) {
    CHECK(a.model == b.model);
    CHECK(a.round == b.round);
    CHECK(a.sampler_state == b.sampler_state);
    CHECK(a.parameters == b.parameters);
    CHECK(a.optimiser.first == b.optimiser.first);
    CHECK(a.optimiser.second == b.optimiser.second);
    CHECK(a.optimiser.step == b.optimiser.step);
    CHECK(a.outer_parameters == b.outer_parameters);
    CHECK(a.outer_momentum == b.outer_momentum);
    CHECK(a.outer_delayed == b.outer_delayed);
    CHECK(a.extra == b.extra);
}

}  // namespace

TEST_CASE("what is saved comes back, from the folder itself and through latest") {
    const Folder folder;
    const Checkpoint saved = example(12);
    const os::Path where = save_checkpoint(folder.path, saved).value();
    CHECK(where == folder.path / "step-00000012");
    check_same(load_checkpoint(where).value(), saved);
    check_same(load_checkpoint(folder.path).value(), saved);
    Checkpoint plain = example(13);
    plain.outer_parameters.clear();
    plain.outer_momentum.clear();
    REQUIRE(save_checkpoint(folder.path, plain));
    check_same(load_checkpoint(folder.path).value(), plain);
}

TEST_CASE("a delayed sum is kept in a file of its own, and damage to it is noticed") {
    const Folder folder;
    Checkpoint saved = example(12);
    saved.outer_delayed = saved.outer_momentum;
    saved.outer_delayed.front() = -79;
    const os::Path file = save_checkpoint(folder.path, saved).value() / "outer_delayed.safetensors";
    check_same(load_checkpoint(folder.path).value(), saved);
    std::string bytes = os::read_file(file, 1 << 20).value();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    REQUIRE(os::write_file_atomically(file, bytes));
    const auto damaged = load_checkpoint(folder.path);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().code == Code::corrupted);
    CHECK(damaged.error().message.find("outer_delayed.safetensors") != std::string::npos);
}

TEST_CASE("when the newest folder is gone the one before it is used") {
    const Folder folder;
    REQUIRE(save_checkpoint(folder.path, example(5)));
    std::filesystem::remove_all(save_checkpoint(folder.path, example(10)).value());
    CHECK(load_checkpoint(folder.path).value().optimiser.step == 5);
    std::filesystem::remove_all(folder.path / "step-00000005");
    CHECK(load_checkpoint(folder.path).error().code == Code::corrupted);
}

TEST_CASE("the model file alone has the Hugging Face names") {
    const Folder folder;
    const os::Path where = save_checkpoint(folder.path, example(1)).value();
    const auto file = contract::SafetensorsFile::open(where / "model.safetensors").value();
    CHECK(file.metadata().at("format") == "pt");
    CHECK(file.contains({"model.layers.0.self_attn.q_proj.weight", {16, 16}}));
    CHECK(file.names().size() == 11);
}

TEST_CASE("only the newest are kept, others' files are not touched") {
    const Folder folder;
    REQUIRE(os::write_file_atomically(folder.path / "step-notes", "mine"));
    for (std::uint64_t step : {5, 10, 15, 20}) REQUIRE(save_checkpoint(folder.path, example(step), 2));
    CHECK(folder.entries() == 4);  // two checkpoints, latest, the notes
    CHECK(load_checkpoint(folder.path).value().optimiser.step == 20);
    CHECK(load_checkpoint(folder.path / "step-00000015"));
    REQUIRE(save_checkpoint(folder.path, example(15), 2));  // a run that went back to 10 and came here again
    CHECK(load_checkpoint(folder.path).value().optimiser.step == 15);
}

TEST_CASE("a save that was cut off leaves the old checkpoint in force and is cleaned up by the next") {
    const Folder folder;
    REQUIRE(save_checkpoint(folder.path, example(5)));
    REQUIRE(os::make_folders(folder.path / "step-00000010.tmp"));
    REQUIRE(os::write_file_atomically(folder.path / "step-00000010.tmp" / "model.safetensors", "half"));
    CHECK(load_checkpoint(folder.path).value().optimiser.step == 5);
    REQUIRE(save_checkpoint(folder.path, example(10)));
    CHECK(load_checkpoint(folder.path).value().optimiser.step == 10);
    CHECK(folder.entries() == 3);
}

TEST_CASE("cut, altered and missing files are corrupted and named") {
    for (const char* name :
         {"model.safetensors", "optimizer.safetensors", "outer.safetensors", "config.json", "state.json"}) {
        CAPTURE(name);
        const Folder folder;
        const os::Path file = save_checkpoint(folder.path, example(1)).value() / name;
        const std::string good = os::read_file(file, 1 << 20).value();
        std::string altered = good;
        altered[good.size() / 2] = static_cast<char>(altered[good.size() / 2] ^ 1);
        for (const std::string& bad : {good.substr(0, good.size() / 2), altered, std::string()}) {
            if (bad == altered && name == std::string("state.json")) continue;  // may still be valid JSON
            REQUIRE(os::write_file_atomically(file, bad));
            const auto loaded = load_checkpoint(folder.path);
            REQUIRE_FALSE(loaded);
            CHECK(loaded.error().code == Code::corrupted);
            CHECK(loaded.error().message.find(name) != std::string::npos);
            CHECK(loaded.error().message.find('\n') == std::string::npos);
        }
        std::filesystem::remove(file);
        const auto loaded = load_checkpoint(folder.path);
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code == Code::corrupted);
        CHECK(loaded.error().message.find(name) != std::string::npos);
        REQUIRE(os::write_file_atomically(file, good));
        CHECK(load_checkpoint(folder.path));
    }
}

TEST_CASE("state.json that names files elsewhere, or another format, is refused") {
    const Folder folder;
    const os::Path file = save_checkpoint(folder.path, example(1)).value() / "state.json";
    const Json good = parse_json(os::read_file(file, 1 << 20).value()).value();
    const auto message = [&](auto change) {
        Json bad = good;
        change(bad);
        REQUIRE(os::write_file_atomically(file, bad.dump()));
        const auto loaded = load_checkpoint(folder.path);
        return loaded ? std::string() : loaded.error().message;
    };
    CHECK(message([](Json& s) { s["sha256"]["../latest"] = "00"; }).find("../latest") != std::string::npos);
    CHECK(message([](Json& s) { s["sha256"].erase("model.safetensors"); }).find("no digest") !=
          std::string::npos);
    CHECK(message([](Json& s) { s["format"] = "other/9"; }).find("other/9") != std::string::npos);
    CHECK(message([](Json& s) { s["layout"] = "00"; }).find("layout") != std::string::npos);
    CHECK(message([](Json& s) { s["step"] = -1; }).find("step") != std::string::npos);
    CHECK(message([](Json& s) { s["sampler_state"] = "xyz"; }).find("sampler_state") != std::string::npos);
    CHECK(message([](Json&) {}).empty());
}

TEST_CASE("a folder without a checkpoint is not found; one that cannot be made is an error") {
    const Folder folder;
    CHECK(load_checkpoint(folder.path).error().code == Code::not_found);
    CHECK(load_checkpoint(folder.path / "none").error().code == Code::not_found);
    REQUIRE(os::write_file_atomically(folder.path / "latest", "../../etc\n"));
    CHECK(load_checkpoint(folder.path).error().code == Code::corrupted);
    REQUIRE(os::write_file_atomically(folder.path / "file", "x"));
    CHECK_FALSE(save_checkpoint(folder.path / "file", example(1)));
}
