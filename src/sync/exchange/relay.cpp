#include "sync/exchange/relay.hpp"

#include <algorithm>

#include "base/os/part_file.hpp"
#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::sync {
namespace {

template <class Wanted>
Result<std::vector<Blob>> relay_list(BlobStore& store, const Wanted& wanted) {
    EM_ASSIGN(std::vector<Blob> blobs, store.list("", relay_listing, {}));
    std::erase_if(blobs, [&](const Blob& blob) {
        const auto name = parse_relay_name(blob.name);
        return !name || !wanted(*name) || !is_whole(blob, *name);
    });
    return blobs;
}

// Somebody else, another relay or a reader, was faster.
bool is_gone(const Error& error) {
    return error.code == Code::not_found || error.code == Code::conflict;
}

Result<os::PartFile> open_part(const os::Path& path) {
    EM_TRY(os::make_folders(path.parent_path()));
    return os::PartFile::open(path);
}

// From a folder to a folder, by the kernel, going on where an earlier pass was killed. False: the budget.
Result<bool> copy_file(const os::Path& from, const os::Path& to, const RelayBudget& budget,
                       std::uint64_t& moved) {
    EM_ASSIGN(const os::OutgoingFile file, os::OutgoingFile::open(from));
    EM_ASSIGN(os::PartFile part, open_part(to));
    if (part.length() > file.size()) EM_TRY(part.truncate());
    while (part.length() < file.size()) {
        if (budget.is_spent()) return false;
        EM_ASSIGN(const std::size_t got, part.append_from(file, relay_chunk));
        if (got == 0) return fail(Code::corrupted, "copying {}: it became shorter", from.string());
        moved += got;
    }
    EM_TRY(part.commit());
    return true;
}

Result<bool> fetch(BlobStore& far, const Blob& blob, const os::Path& to, const RelayBudget& budget,
                   std::uint64_t& moved) {
    EM_ASSIGN(os::PartFile part, open_part(to));
    if (part.length() > blob.size) EM_TRY(part.truncate());
    std::vector<std::byte> room;
    while (part.length() < blob.size) {
        if (budget.is_spent()) return false;
        room.resize(
            static_cast<std::size_t>(std::min<std::uint64_t>(relay_chunk, blob.size - part.length())));
        EM_ASSIGN(const std::size_t got, far.get(blob.name, part.length(), room, {}));
        if (got == 0) return fail(Code::corrupted, "reading {}: it became shorter", blob.name);
        EM_TRY(part.append(std::span(room).first(got)));
        moved += got;
    }
    EM_TRY(part.commit());
    return true;
}

Result<bool> send_blob(FolderStore& spool, BlobStore& far, const Blob& blob, const RelayBudget& budget,
                       std::uint64_t& moved) {
    if (const auto* folder = dynamic_cast<const FolderStore*>(&far)) {
        return copy_file(spool.root() / blob.name, folder->root() / blob.name, budget, moved);
    }
    if (budget.is_spent()) return false;
    EM_ASSIGN(const os::MappedFile file, os::MappedFile::open(spool.root() / blob.name));
    EM_TRY(far.put(blob.name, file.bytes(), {}));
    moved += blob.size;
    return true;
}

Result<bool> fetch_blob(FolderStore& spool, BlobStore& far, const Blob& blob, const RelayBudget& budget,
                        std::uint64_t& moved) {
    const os::Path to = spool.root() / blob.name;
    if (const auto* folder = dynamic_cast<const FolderStore*>(&far)) {
        return copy_file(folder->root() / blob.name, to, budget, moved);
    }
    return fetch(far, blob, to, budget, moved);
}

// Carries all of them by `move` and removes each at its source. False: the budget.
template <class Move>
Result<bool> carry(const std::vector<Blob>& blobs, BlobStore& source, std::uint64_t& files,
                   const Move& move) {
    for (const Blob& blob : blobs) {
        auto carried = move(blob);
        if (!carried && is_gone(carried.error())) continue;
        if (!carried) return fail(std::move(carried).error());
        if (!*carried) return false;
        EM_TRY(source.remove(blob.name, {}));
        ++files;
    }
    return true;
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

std::string last_line(const os::Path& path) {
    const auto text = os::read_file(path, 1u << 20);
    if (!text || text->empty()) return "it says nothing";
    std::string line = *text;
    while (!line.empty() && line.back() == '\n') line.pop_back();
    return line.substr(line.rfind('\n') + 1).substr(0, 300);
}

Status run_command(std::vector<std::string> arguments, const os::Path& errors) {
    // Found on the user's path; never through a shell.
    arguments.insert(arguments.begin(), "/usr/bin/env");
    os::Children children;
    EM_TRY(children.start(arguments, errors));
    int status = 0;
    while (children.any_left()) {
        if (os::stop_requested()) return fail(Code::cancelled, "{}: stopped", arguments[1]);
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(200))) {
            if (event.exit_status) status = *event.exit_status;
        }
    }
    if (status == 0) return {};
    return fail(Code::unavailable, "command {}: ended with status {}: {}", arguments[1], status,
                last_line(errors));
}

}  // namespace

std::optional<RelayName> parse_relay_name(std::string_view text) {
    RelayName name;
    for (std::string* part : {&name.run, &name.from, &name.to}) {
        const std::size_t slash = text.find('/');
        if (slash == std::string_view::npos || slash == 0) return std::nullopt;
        *part = text.substr(0, slash);
        text.remove_prefix(slash + 1);
    }
    const auto tether = decode_tether_name(text);
    if (!tether) return std::nullopt;
    name.name = *tether;
    return name;
}

bool is_whole(const Blob& blob, const RelayName& name) {
    return blob.size == name.name.length;
}

Result<std::vector<Blob>> relay_outgoing(BlobStore& store, const std::string& site) {
    return relay_list(store, [&](const RelayName& name) { return name.from == site && name.to != site; });
}

Result<std::vector<Blob>> relay_incoming(BlobStore& store, const std::string& site) {
    return relay_list(store, [&](const RelayName& name) { return name.to == site && name.from != site; });
}

RelayCounts& RelayCounts::operator+=(const RelayCounts& other) {
    files_out += other.files_out;
    files_in += other.files_in;
    bytes_out += other.bytes_out;
    bytes_in += other.bytes_in;
    return *this;
}

std::string RelayCounts::text() const {
    return fmt::format("{} files, {:.2f} MB out; {} files, {:.2f} MB in", files_out,
                       static_cast<double>(bytes_out) / 1e6, files_in, static_cast<double>(bytes_in) / 1e6);
}

Result<RelayBudget> RelayBudget::of_cpu_seconds(double seconds) {
    if (!(seconds > 0) || seconds > 1e9) {
        return fail(Code::bad_input, "a budget of {} CPU-seconds: write a number above 0", seconds);
    }
    RelayBudget budget;
    const double used = seconds - std::min(1.0, seconds / 10);
    budget.cpu_limit_ = std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(used));
    return budget;
}

bool RelayBudget::is_cpu_spent() const {
    return cpu_limit_ && os::process_cpu_time() >= *cpu_limit_;
}

bool RelayBudget::is_spent() const {
    return os::stop_requested() || is_cpu_spent();
}

Status relay_pass(FolderStore& spool, BlobStore& far, const std::string& site, const RelayBudget& budget,
                  RelayCounts& moved) {
    EM_ASSIGN(const auto leaving, relay_outgoing(spool, site));
    EM_ASSIGN(const bool all, carry(leaving, spool, moved.files_out, [&](const Blob& blob) {
                  return send_blob(spool, far, blob, budget, moved.bytes_out);
              }));
    if (!all || budget.is_spent()) return {};
    EM_ASSIGN(const auto coming, relay_incoming(far, site));
    EM_TRY(carry(coming, far, moved.files_in,
                 [&](const Blob& blob) { return fetch_blob(spool, far, blob, budget, moved.bytes_in); }));
    return {};
}

Status relay_by_command(FolderStore& spool, const std::vector<std::string>& command, const std::string& site,
                        const RelayBudget& budget, RelayCounts& moved) {
    EM_ASSIGN(const auto leaving, relay_outgoing(spool, site));
    const os::Path errors = spool.root() / ".relay-command-errors";
    for (const Blob& blob : leaving) {
        if (budget.is_spent()) return {};
        std::vector<std::string> arguments = command;
        for (std::string& argument : arguments) {
            replace_all(argument, "{file}", (spool.root() / blob.name).string());
            replace_all(argument, "{name}", blob.name);
            replace_all(argument, "{folder}", blob.name.substr(0, blob.name.rfind('/')));
            replace_all(argument, "{root}", spool.root().string());
        }
        EM_TRY(run_command(arguments, errors));
        EM_TRY(spool.remove(blob.name, {}));
        ++moved.files_out;
        moved.bytes_out += blob.size;
    }
    return os::remove_file(errors);
}

Result<std::vector<std::string>> split_command(std::string_view text) {
    std::vector<std::string> words;
    char quote = 0;
    bool inside = false;
    for (const char c : text) {
        if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote != 0 ? '\0' : c;
            if (!inside) words.emplace_back();
            inside = true;
        } else if (quote == 0 && c == ' ') {
            inside = false;
        } else {
            if (!inside) words.emplace_back();
            inside = true;
            words.back().push_back(c);
        }
    }
    if (quote != 0) return fail(Code::bad_input, "command '{}': a quote is not closed", text);
    if (words.empty()) return fail(Code::bad_input, "the command is empty");
    return words;
}

}  // namespace euromesh::sync
