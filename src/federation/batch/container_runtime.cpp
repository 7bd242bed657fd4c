#include "federation/batch/container_runtime.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace euromesh::federation {
namespace {

// The same three wishes in the words of each runtime (man ch-run; apptainer exec --help).
struct Runtime {
    std::string_view name;
    std::string_view image_suffix;
    std::vector<std::string_view> start;
    std::string_view bind, directory;
    std::string_view end_of_options;  // after the image
    bool needs_unpacked;
};

const std::array<Runtime, 2>& runtimes() {
    static const std::array<Runtime, 2> known{{
        {"charliecloud", ".sqfs", {"ch-run", "--private-tmp"}, "--bind=", "--cd=", "--", true},
        {"apptainer",
         ".sif",
         {"apptainer", "exec", "--contain", "--no-home"},
         "--bind=",
         "--pwd=",
         "",
         false},
    }};
    return known;
}

const Runtime* find(std::string_view name) {
    const auto at =
        std::find_if(runtimes().begin(), runtimes().end(), [&](const auto& one) { return one.name == name; });
    return at == runtimes().end() ? nullptr : &*at;
}

// Runtimes take "FROM:TO", and a list with commas.
bool is_plain_path(std::string_view path) {
    return path.starts_with('/') && path.find_first_of(":,\n") == std::string_view::npos;
}

Status check_path(std::string_view what, std::string_view path) {
    if (is_plain_path(path)) return {};
    return fail(Code::bad_input, "a container's {} {}: use a whole path without ':' and ','", what, path);
}

}  // namespace

bool is_container_runtime(std::string_view name) {
    return find(name) != nullptr;
}

std::string_view image_suffix(std::string_view runtime) {
    const Runtime* found = find(runtime);
    EM_ASSERT(found != nullptr, "a container runtime that is known");
    return found->image_suffix;
}

bool needs_unpacked(std::string_view runtime) {
    const Runtime* found = find(runtime);
    return found != nullptr && found->needs_unpacked;
}

Result<std::vector<std::string>> container_arguments(std::string_view runtime,
                                                     const ContainerCommand& command) {
    const Runtime* found = find(runtime);
    if (found == nullptr) return fail(Code::bad_input, "there is no container runtime '{}'", runtime);
    EM_TRY(check_path("image", command.image));
    EM_TRY(check_path("folder", command.work));
    std::vector<std::string> made(found->start.begin(), found->start.end());
    const auto bind = [&](const std::string& from, std::string_view to) {
        made.push_back(std::string(found->bind) + from + ":" + std::string(to));
    };
    bind(command.work, container_work);
    for (const ContainerMount& mount : command.mounts) bind(mount.from, mount.to);
    made.push_back(std::string(found->directory) + std::string(container_work));
    made.insert(made.end(), command.options.begin(), command.options.end());
    made.push_back(command.image);
    if (!found->end_of_options.empty()) made.emplace_back(found->end_of_options);
    made.push_back(command.executable);
    made.insert(made.end(), command.arguments.begin(), command.arguments.end());
    return made;
}

Result<ContainerMount> parse_container_mount(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
        const std::string_view from = text.substr(0, colon), to = text.substr(colon + 1);
        if (is_plain_path(from) && is_plain_path(to) && to != container_work)
            return ContainerMount{std::string(from), std::string(to)};
    }
    return fail(Code::bad_input,
                "'{}' is not FROM:TO: two whole paths without ',', the second another one than {}", text,
                container_work);
}

}  // namespace euromesh::federation
