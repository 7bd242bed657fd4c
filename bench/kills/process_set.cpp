#include "bench/kills/process_set.hpp"

#include <algorithm>
#include <charconv>

#include "base/os/socket.hpp"
#include "base/random.hpp"

namespace euromesh::kills {
namespace {

constexpr std::size_t said_most_bytes = 1u << 20;
constexpr std::uint16_t first_port = 12'000, ports = 20'000;

}  // namespace

std::size_t ProcessSet::add(std::string name, std::vector<std::string> command) {
    programs_.push_back({.name = std::move(name), .command = std::move(command)});
    return programs_.size() - 1;
}

os::Path ProcessSet::error_file(const Program& program) const {
    return folder_ / fmt::format("{}.{}.err", program.name, program.lives);
}

Status ProcessSet::start(std::size_t which) {
    Program& program = programs_[which];
    ++program.lives;
    EM_ASSIGN(program.child, children_.start(program.command, error_file(program)));
    program.is_asked_to_end = false;
    program.has_said = false;
    program.exit_status.reset();
    return {};
}

void ProcessSet::end(std::size_t which, int signal) {
    Program& program = programs_[which];
    if (!program.child) return;
    program.is_asked_to_end = true;
    children_.send_signal(*program.child, signal);
}

void ProcessSet::poll(std::chrono::milliseconds patience) {
    for (const os::ChildEvent& event : children_.poll(patience)) note(event);
}

void ProcessSet::note(const os::ChildEvent& event) {
    for (Program& program : programs_) {
        if (program.child != event.child) continue;
        if (!event.exit_status) {
            program.has_said = true;
            continue;
        }
        program.child.reset();
        program.exit_status = event.exit_status;
        if (program.is_asked_to_end) continue;
        const auto said = os::read_file(error_file(program), said_most_bytes);
        surprises_.push_back(fmt::format("{} ended by itself with status {}: {}", program.name,
                                         *event.exit_status, said.value_or("")));
    }
}

std::vector<FoundProcess> find_processes(const std::string& text) {
    std::vector<FoundProcess> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        int pid = 0;
        const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (read.ec != std::errc() || pid == os::own_process_id()) continue;
        auto command = os::read_file(entry.path() / "cmdline", said_most_bytes);
        if (!command || command->find(text) == std::string::npos) continue;
        std::replace(command->begin(), command->end(), '\0', ' ');
        found.push_back({pid, std::move(*command)});
    }
    return found;
}

Result<std::uint16_t> quiet_port(std::uint64_t seed) {
    Random random(derive_seed(seed, static_cast<std::uint64_t>(os::own_process_id())));
    for (int attempt = 0; attempt < 100; ++attempt) {
        const auto port = static_cast<std::uint16_t>(first_port + random.below(ports));
        if (os::Socket::listen({"127.0.0.1", port}, {})) return port;
    }
    return fail(Code::unavailable, "no port is free on this machine");
}

}  // namespace euromesh::kills
