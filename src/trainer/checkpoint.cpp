#include "trainer/checkpoint.hpp"

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "contract/safetensors.hpp"

namespace euromesh::trainer {
namespace {

using contract::Layout;
using contract::SafetensorsFile;
using contract::TensorSpec;
using os::Path;

constexpr std::string_view format_name = "euromesh-checkpoint/1";
constexpr std::string_view folder_prefix = "step-";
constexpr const char* model_file = "model.safetensors";
constexpr const char* optimiser_file = "optimizer.safetensors";
constexpr const char* outer_file = "outer.safetensors";
constexpr const char* delayed_file = "outer_delayed.safetensors";
constexpr const char* delayed_prefix = "delayed.";
constexpr const char* config_file = "config.json";
constexpr const char* state_file = "state.json";
constexpr std::uint64_t max_document_bytes = 1u << 20;

std::string folder_name(std::uint64_t step) {
    return fmt::format("{}{:08}", folder_prefix, step);
}

// The same tensors under a prefix: two buffers of one layout in one file.
Layout prefixed(const Layout& layout, const std::string& prefix) {
    Layout named = layout;
    for (TensorSpec& tensor : named) tensor.name = prefix + tensor.name;
    return named;
}

Status write_two(const Path& path, const Layout& layout, const std::string& first_name,
                 std::span<const float> first, const std::string& second_name,
                 std::span<const float> second) {
    Layout both = prefixed(layout, first_name);
    const Layout others = prefixed(layout, second_name);
    both.insert(both.end(), others.begin(), others.end());
    std::vector<float> flat(first.begin(), first.end());
    flat.insert(flat.end(), second.begin(), second.end());
    return contract::write_safetensors(path, both, flat);
}

Result<std::string> file_digest(const Path& path) {
    EM_ASSIGN(const auto file, os::MappedFile::open(path));
    return to_hex(sha256(file.bytes()));
}

Json state_document(const Checkpoint& checkpoint, const Layout& layout) {
    // 64-bit words as text: other programs read JSON numbers as doubles.
    return Json{{"format", format_name},
                {"step", checkpoint.optimiser.step},
                {"round", checkpoint.round},
                {"sampler_state", fmt::format("{:016x}", checkpoint.sampler_state)},
                {"layout", contract::layout_digest(layout)},
                {"extra", checkpoint.extra},
                {"sha256", Json::object()}};
}

Status write_files(const Path& folder, const Checkpoint& checkpoint) {
    const Layout layout = model_layout(checkpoint.model);
    Json state = state_document(checkpoint, layout);
    EM_TRY(
        contract::write_safetensors(folder / model_file, layout, checkpoint.parameters, {{"format", "pt"}}));
    EM_TRY(write_two(folder / optimiser_file, layout, "first.", checkpoint.optimiser.first, "second.",
                     checkpoint.optimiser.second));
    EM_TRY(os::write_file_atomically(folder / config_file, to_hugging_face(checkpoint.model).dump(2) + "\n"));
    std::vector<const char*> files{model_file, optimiser_file, config_file};
    if (!checkpoint.outer_parameters.empty()) {
        EM_TRY(write_two(folder / outer_file, layout, "parameters.", checkpoint.outer_parameters, "momentum.",
                         checkpoint.outer_momentum));
        files.push_back(outer_file);
    }
    if (!checkpoint.outer_delayed.empty()) {
        EM_TRY(contract::write_safetensors(folder / delayed_file, prefixed(layout, delayed_prefix),
                                           checkpoint.outer_delayed));
        files.push_back(delayed_file);
    }
    for (const char* file : files) {
        EM_ASSIGN(state["sha256"][file], file_digest(folder / file));
    }
    return os::write_file_atomically(folder / state_file, state.dump(2) + "\n");
}

Status remove_folder(const Path& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail(os::file_error(error.value(), "removing", path));
    return {};
}

Status rename_folder(const Path& from, const Path& to) {
    std::error_code error;
    std::filesystem::rename(from, to, error);
    if (error) return fail(os::file_error(error.value(), "renaming to", to));
    return {};
}

// Complete checkpoints, oldest first. Names of another form are left alone.
std::vector<std::string> complete_folders(const Path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        const std::string digits = name.substr(std::min(name.size(), folder_prefix.size()));
        if (name.starts_with(folder_prefix) && digits.size() >= 8 &&
            digits.find_first_not_of("0123456789") == std::string::npos)
            names.push_back(name);
    }
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
        return std::pair(a.size(), a) < std::pair(b.size(), b);
    });
    return names;
}

Status remove_old(const Path& folder, const std::string& newest, std::size_t keep) {
    std::vector<std::string> names = complete_folders(folder);
    std::erase(names, newest);
    for (std::size_t at = 0; at + std::max<std::size_t>(keep, 1) - 1 < names.size(); ++at)
        EM_TRY(remove_folder(folder / names[at]));
    return {};
}

Result<Path> find_folder(const Path& folder) {
    std::error_code error;
    if (std::filesystem::exists(folder / state_file, error)) return folder;
    const auto latest = os::read_file(folder / "latest", 256);
    if (!latest) {
        return fail(Code::not_found, "{}: no checkpoint there (neither {} nor latest)", folder.string(),
                    state_file);
    }
    const std::string name = latest->substr(0, latest->find('\n'));
    if (!name.starts_with(folder_prefix) || name.find('/') != std::string::npos)
        return fail(Code::corrupted, "{}: '{}' is not a checkpoint's name", (folder / "latest").string(),
                    name);
    if (std::filesystem::exists(folder / name, error)) return folder / name;
    // Cut off while a checkpoint of the same step was being replaced: the newest of the others is complete.
    const std::vector<std::string> names = complete_folders(folder);
    if (names.empty())
        return fail(Code::corrupted, "{}: missing; use another copy", (folder / name).string());
    return folder / names.back();
}

// What is wrong inside a checkpoint is damage, whatever the reader below called it; a permission or a device
// that fails stays what it is.
Error damaged(Error error) {
    if (error.code == Code::bad_input || error.code == Code::not_found) error.code = Code::corrupted;
    return error;
}

Status check_digests(const Path& folder, const Json& state) {
    const auto digests = state.find("sha256");
    const std::string where = (folder / state_file).string();
    if (digests == state.end() || !digests->is_object())
        return fail(Code::corrupted, "{}: sha256: use an object of digests", where);
    for (const char* file : {model_file, optimiser_file, config_file})
        if (!digests->contains(file)) return fail(Code::corrupted, "{}: no digest of {}", where, file);
    for (const auto& [file, digest] : digests->items()) {
        if (file.find('/') != std::string::npos || !digest.is_string())
            return fail(Code::corrupted, "{}: sha256: '{}' is not a file of ours", where, file.substr(0, 80));
        EM_ASSIGN(const std::string found, file_digest(folder / file));
        if (found != digest.get<std::string>()) {
            return fail(Code::corrupted,
                        "{}: altered or cut (its digest is not the one in {}); use another copy",
                        (folder / file).string(), state_file);
        }
    }
    return {};
}

Result<std::uint64_t> parse_word(const Json& state, const char* key, const std::string& where) {
    EM_ASSIGN(const std::string text, json_string(state, key, where));
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc() || end != text.data() + text.size())
        return fail(Code::corrupted, "{}: {}: use 16 hexadecimal digits", where, key);
    return value;
}

Result<std::uint64_t> parse_count(const Json& state, const char* key, const std::string& where) {
    EM_ASSIGN(const std::int64_t value, json_integer(state, key, where));
    if (value < 0) return fail(Code::corrupted, "{}: {} = {}: use 0 or more", where, key, value);
    return static_cast<std::uint64_t>(value);
}

Status read_state(const Json& state, const std::string& where, Checkpoint& checkpoint) {
    EM_ASSIGN(const std::string format, json_string(state, "format", where));
    if (format != format_name)
        return fail(Code::bad_input, "{}: format '{}': this program reads {}", where, format.substr(0, 80),
                    format_name);
    EM_ASSIGN(checkpoint.optimiser.step, parse_count(state, "step", where));
    EM_ASSIGN(checkpoint.round, parse_count(state, "round", where));
    EM_ASSIGN(checkpoint.sampler_state, parse_word(state, "sampler_state", where));
    if (const auto extra = state.find("extra"); extra != state.end()) checkpoint.extra = *extra;
    return {};
}

Status read_two(const Path& path, const Layout& layout, const std::string& first_name,
                std::vector<float>& first, const std::string& second_name, std::vector<float>& second) {
    EM_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(path));
    first.resize(contract::value_count(layout));
    second.resize(first.size());
    EM_TRY(file.read(prefixed(layout, first_name), first));
    return file.read(prefixed(layout, second_name), second);
}

// Digests are right: what follows are the bytes that we wrote, unless somebody rewrote state.json as well.
Status read_values(const Path& folder, const Json& state, Checkpoint& checkpoint) {
    EM_ASSIGN(const std::string config_text, os::read_file(folder / config_file, max_document_bytes));
    const std::string config_where = (folder / config_file).string();
    auto config = parse_json(config_text);
    if (!config) return fail(config.error().within(config_where));
    EM_ASSIGN(checkpoint.model, from_hugging_face(*config, config_where));
    const Layout layout = model_layout(checkpoint.model);
    const std::string where = (folder / state_file).string();
    EM_ASSIGN(const std::string digest, json_string(state, "layout", where));
    if (digest != contract::layout_digest(layout))
        return fail(Code::corrupted, "{}: layout is not that of {}", where, config_file);
    EM_ASSIGN(const SafetensorsFile model, SafetensorsFile::open(folder / model_file));
    for (const TensorSpec& tensor : layout) {
        // Before memory is reserved for what config.json claims.
        if (!model.contains(tensor))
            return fail(Code::corrupted, "{}: no tensor '{}' of the shape in {}",
                        (folder / model_file).string(), tensor.name, config_file);
    }
    checkpoint.parameters.resize(contract::value_count(layout));
    EM_TRY(model.read(layout, checkpoint.parameters));
    EM_TRY(read_two(folder / optimiser_file, layout, "first.", checkpoint.optimiser.first, "second.",
                    checkpoint.optimiser.second));
    if (state["sha256"].contains(delayed_file)) {
        EM_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(folder / delayed_file));
        checkpoint.outer_delayed.resize(checkpoint.parameters.size());
        EM_TRY(file.read(prefixed(layout, delayed_prefix), checkpoint.outer_delayed));
    }
    if (!state["sha256"].contains(outer_file)) return {};
    return read_two(folder / outer_file, layout, "parameters.", checkpoint.outer_parameters, "momentum.",
                    checkpoint.outer_momentum);
}

Result<Checkpoint> load(const Path& folder) {
    const std::string where = (folder / state_file).string();
    EM_ASSIGN(const std::string text, os::read_file(folder / state_file, max_document_bytes));
    const auto state = parse_json(text);
    if (!state) return fail(state.error().within(where));
    if (!state->is_object()) return fail(Code::corrupted, "{}: not a JSON object", where);
    Checkpoint checkpoint;
    EM_TRY(read_state(*state, where, checkpoint));
    EM_TRY(check_digests(folder, *state));
    EM_TRY(read_values(folder, *state, checkpoint));
    return checkpoint;
}

void check_sizes(const Checkpoint& checkpoint) {
    const std::size_t count = contract::value_count(model_layout(checkpoint.model));
    EM_ASSERT(checkpoint.parameters.size() == count, "one value per parameter");
    EM_ASSERT(checkpoint.optimiser.first.size() == count && checkpoint.optimiser.second.size() == count,
              "two moments per parameter");
    EM_ASSERT(checkpoint.outer_parameters.size() == checkpoint.outer_momentum.size(),
              "outer state comes in pairs");
    EM_ASSERT(checkpoint.outer_parameters.empty() || checkpoint.outer_parameters.size() == count,
              "one outer value per parameter");
    EM_ASSERT(checkpoint.outer_delayed.empty() ||
                  checkpoint.outer_delayed.size() == checkpoint.outer_parameters.size(),
              "one delayed value per outer value");
}

}  // namespace

Result<Path> save_checkpoint(const Path& folder, const Checkpoint& checkpoint, std::size_t keep) {
    check_sizes(checkpoint);
    const std::string name = folder_name(checkpoint.optimiser.step);
    const Path temporary = folder / (name + ".tmp");
    EM_TRY(remove_folder(temporary));
    EM_TRY(os::make_folders(temporary));
    if (const Status written = write_files(temporary, checkpoint); !written) {
        (void)remove_folder(temporary);
        return fail(written.error());
    }
    EM_TRY(remove_folder(folder / name));
    EM_TRY(rename_folder(temporary, folder / name));
    EM_TRY(os::write_file_atomically(folder / "latest", name + "\n"));
    EM_TRY(remove_old(folder, name, keep));
    return folder / name;
}

Result<Checkpoint> load_checkpoint(const Path& folder) {
    EM_ASSIGN(const Path found, find_folder(folder));
    auto checkpoint = load(found);
    if (!checkpoint) return fail(damaged(checkpoint.error()));
    return checkpoint;
}

}  // namespace euromesh::trainer
