#include "federation/store/log_store.hpp"

#include <algorithm>

#include "federation/store/postgres_log_store.hpp"
#include "federation/store/sqlite_log_store.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t holder_most_bytes = 200;

}  // namespace

Result<std::unique_ptr<LogStore>> open_store(const std::string& url, const StoreOptions& options) {
    if (url.starts_with("sqlite:")) return open_sqlite_store(url.substr(7), options);
    if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
        return open_postgres_store(url, options);
    // What it says instead may be a secret in the wrong place.
    return fail(Code::bad_input,
                "the store's URL is of no known kind: use sqlite:/path/file or "
                "postgresql://USER@HOST/DATABASE");
}

Status check_append(std::span<const std::string> entries) {
    if (entries.size() > log_append_most_entries) {
        return fail(Code::bad_input, "{} entries at once: at most {}", entries.size(),
                    log_append_most_entries);
    }
    std::size_t bytes = 0;
    for (const std::string& entry : entries) {
        if (entry.size() > log_entry_most_bytes) {
            return fail(Code::bad_input, "a log entry of {} bytes: at most {}", entry.size(),
                        log_entry_most_bytes);
        }
        bytes += entry.size();
    }
    if (bytes > log_append_most_bytes)
        return fail(Code::bad_input, "{} bytes at once: at most {}", bytes, log_append_most_bytes);
    return {};
}

Status check_snapshot(std::uint64_t size) {
    if (size <= snapshot_most_bytes) return {};
    return fail(Code::bad_input, "a snapshot of {} bytes: at most {}", size, snapshot_most_bytes);
}

Status check_snapshot_part(std::uint64_t part, std::string_view bytes) {
    EM_TRY(check_snapshot(part <= snapshot_most_bytes / snapshot_part_bytes
                              ? part * snapshot_part_bytes + bytes.size()
                              : snapshot_most_bytes + std::uint64_t{1}));
    if (bytes.size() <= snapshot_part_bytes) return {};
    return fail(Code::bad_input, "a snapshot's part of {} bytes: at most {}", bytes.size(),
                snapshot_part_bytes);
}

std::uint64_t snapshot_parts(std::uint64_t size) {
    return std::max<std::uint64_t>(1, (size + snapshot_part_bytes - 1) / snapshot_part_bytes);
}

Status LogStore::put_snapshot(std::uint64_t at, std::string_view bytes) {
    EM_TRY(check_snapshot(bytes.size()));
    for (std::uint64_t part = 0; part < snapshot_parts(bytes.size()); ++part)
        EM_TRY(put_snapshot_part(at, part, bytes.substr(part * snapshot_part_bytes, snapshot_part_bytes)));
    return finish_snapshot(at, bytes.size(), sha256(bytes));
}

Status check_document(const std::string& name, std::string_view bytes) {
    const bool named = !name.empty() && name.size() <= document_name_most_bytes;
    if (!named || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_./") != std::string::npos) {
        return fail(Code::bad_input, "a document's name: 1 to {} of a-z, 0-9, '-', '_', '.', '/'",
                    document_name_most_bytes);
    }
    if (bytes.size() <= document_most_bytes) return {};
    return fail(Code::bad_input, "document {} of {} bytes: at most {}", name, bytes.size(),
                document_most_bytes);
}

Status check_holder(const std::string& holder) {
    const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    if (!holder.empty() && holder.size() <= holder_most_bytes &&
        std::all_of(holder.begin(), holder.end(), printable))
        return {};
    return fail(Code::bad_input, "the name of a coordinator: 1 to {} printable bytes", holder_most_bytes);
}

}  // namespace euromesh::federation
