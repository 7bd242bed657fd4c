// The log in a PostgreSQL data base: for several coordinators, of which one leads.
//
// Adapter to libpq. Values travel as binary parameters, never inside SQL text; an append is one statement and
// one round trip. Who leads holds a session's advisory lock, which the server frees when the session ends.
// A connection that broke is made again at the next call; a server that stays silent for the patience of the
// options counts as gone. The tables lie in the schema "euromesh" of the data base.
// Thread rule: a store belongs to one thread at a time.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "federation/store/log_store.hpp"
#include "federation/store/store_schema.hpp"

namespace euromesh::federation {

// Errors as open_store(); no error contains a password. Other steps are for tests of migration.
Result<std::unique_ptr<LogStore>> open_postgres_store(const std::string& url, const StoreOptions& options,
                                                      std::span<const SchemaStep> steps = store_schema());

}  // namespace euromesh::federation
