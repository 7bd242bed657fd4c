#include "federation/store/store_schema.hpp"

#include <array>
#include <cstdint>

namespace euromesh::federation {
namespace {

constexpr std::array<SchemaStep, 1> steps{{{
    .sqlite = "CREATE TABLE entries (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
              "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL,"
              " epoch INTEGER NOT NULL, holder TEXT NOT NULL) STRICT;"
              "INSERT INTO state VALUES (1, 0, 0, '');"
              "CREATE TABLE snapshots (at INTEGER PRIMARY KEY, size INTEGER NOT NULL,"
              " digest BLOB NOT NULL) STRICT;"
              "CREATE TABLE snapshot_parts (at INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL,"
              " PRIMARY KEY (at, part)) STRICT;"
              "CREATE TABLE documents (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;",
    .postgres = "CREATE TABLE euromesh.entries (position bigint PRIMARY KEY, bytes bytea NOT NULL);"
                "CREATE TABLE euromesh.state (one int PRIMARY KEY CHECK (one = 1), size bigint NOT NULL,"
                " epoch bigint NOT NULL, holder text NOT NULL);"
                "INSERT INTO euromesh.state VALUES (1, 0, 0, '');"
                "CREATE TABLE euromesh.snapshots (at bigint PRIMARY KEY, size bigint NOT NULL,"
                " digest bytea NOT NULL);"
                "CREATE TABLE euromesh.snapshot_parts (at bigint NOT NULL, part bigint NOT NULL,"
                " bytes bytea NOT NULL, PRIMARY KEY (at, part));"
                "CREATE TABLE euromesh.documents (name text PRIMARY KEY, bytes bytea NOT NULL);",
}}};

}  // namespace

std::span<const SchemaStep> store_schema() {
    return steps;
}

Result<std::span<const SchemaStep>> missing_steps(std::span<const SchemaStep> all, std::int64_t version,
                                                  const std::string& place) {
    if (version < 0) return fail(Code::corrupted, "{}: tables of version {}", place, version);
    const auto have = static_cast<std::uint64_t>(version);
    if (have > all.size()) {
        return fail(
            Code::refused,
            "{}: tables of version {}, this program knows up to {}: use a newer program, or restore a "
            "copy made before the upgrade",
            place, version, all.size());
    }
    return all.subspan(have);
}

}  // namespace euromesh::federation
