// The log in one SQLite file: the default, for a coordinator on one machine.
//
// Adapter to SQLite: write-ahead log with synchronous=FULL, so that a commit is one fdatasync and readers
// never wait. Who leads holds a lock on FILE.lead, which the kernel frees when the process ends, however it
// ends. The file must lie on a local disk: SQLite's locks are not to be trusted on network file systems.
// Thread rule: a store belongs to one thread at a time.
#pragma once

#include <memory>
#include <span>

#include "base/os/file.hpp"
#include "federation/store/log_store.hpp"
#include "federation/store/store_schema.hpp"

namespace euromesh::federation {

// Errors as open_store(). Other steps than the program's own are for tests of migration.
Result<std::unique_ptr<LogStore>> open_sqlite_store(const os::Path& path, const StoreOptions& options,
                                                    std::span<const SchemaStep> steps = store_schema());

}  // namespace euromesh::federation
