#include "federation/store/postgres_log_store.hpp"

#include <algorithm>
#include <utility>

#include "base/hash.hpp"
#include "federation/store/postgres_connection.hpp"

namespace euromesh::federation {
namespace {

using Value = PostgresValue;

// Advisory locks of a data base have numbers: "EMld", and the one after for changes of the tables.
constexpr std::uint64_t lead_lock = 0x454d6c64;
constexpr std::uint64_t schema_lock = lead_lock + 1;

struct State {
    std::uint64_t size = 0, epoch = 0;
    std::string holder;
};

class PostgresLogStore final : public LogStore {
  public:
    explicit PostgresLogStore(PostgresConnection connection) : connection_(std::move(connection)) {}

    Status prepare(std::span<const SchemaStep> steps);

    Result<std::uint64_t> acquire_lead(const std::string& holder) override;
    Result<std::uint64_t> size() override;
    Status append(std::uint64_t first, std::span<const std::string> entries) override;
    Result<std::vector<std::string>> read(std::uint64_t first, std::size_t most_entries,
                                          std::size_t most_bytes) override;
    Status put_snapshot_part(std::uint64_t at, std::uint64_t part, std::string_view bytes) override;
    Status finish_snapshot(std::uint64_t at, std::uint64_t size, const Sha256Digest& digest) override;
    Result<std::optional<Snapshot>> latest_snapshot() override;
    Status put_document(const std::string& name, std::string_view bytes) override;
    Result<std::optional<std::string>> get_document(const std::string& name) override;
    std::string place() const override { return connection_.place(); }
    Result<std::string> concern() override;

  private:
    Status connect();
    Status lead_again();
    Result<bool> try_lock();
    Status migrate(std::span<const SchemaStep> steps);
    Result<std::uint64_t> version();
    Status check_whole();
    Result<State> state(const char* locking = "");
    Result<State> state_to_write();
    Status check_epoch(const State& now);
    Status explain_refused_append(std::uint64_t first, std::span<const std::string> entries);
    Result<std::vector<std::string>> read_connected(std::uint64_t first, std::size_t most_entries,
                                                    std::size_t most_bytes);
    Status check_place(std::uint64_t at);
    Status change(const char* sql, const std::vector<Value>& values);
    Result<std::optional<Snapshot>> snapshot_at(std::uint64_t at, std::uint64_t size,
                                                const std::string& digest);
    Status must_lead() const;
    // Runs `work` in a transaction of a live connection.
    template <class Work>
    Status in_transaction(Work&& work);

    PostgresConnection connection_;
    std::uint64_t epoch_ = 0;
};

Status PostgresLogStore::connect() {
    EM_ASSIGN(const bool anew, connection_.connect());
    if (!anew || epoch_ == 0) return {};
    const Status led = lead_again();
    // The next call begins anew, so that nothing is written without the lock.
    if (!led) connection_.drop();
    return led;
}

Result<bool> PostgresLogStore::try_lock() {
    EM_ASSIGN(const auto rows,
              connection_.ask("SELECT pg_catalog.pg_try_advisory_lock($1)", {Value::number(lead_lock)}));
    return rows.count() == 1 && rows.bytes(0, 0) == std::string(1, '\1');
}

// After the session with the lock broke. The server may still hold the old one's lock for a while.
Status PostgresLogStore::lead_again() {
    EM_ASSIGN(const bool locked, try_lock());
    EM_ASSIGN(const State now, state());
    EM_TRY(check_epoch(now));
    if (locked) return {};
    return fail(Code::unavailable, "{}: the lock of the lead is not free again yet", place());
}

Status PostgresLogStore::check_epoch(const State& now) {
    if (now.epoch == epoch_) return {};
    return fail(Code::conflict, "{}: {} leads since (epoch {}, ours was {})", place(), now.holder, now.epoch,
                epoch_);
}

template <class Work>
Status PostgresLogStore::in_transaction(Work&& work) {
    EM_TRY(connection_.run("BEGIN"));
    Status done = work();
    if (done) done = connection_.run("COMMIT");
    // Whatever state it is in, a new session starts clean; the lock is taken again with it.
    if (!done) {
        const auto still = connection_.connect();
        if (!still || *still || !connection_.run("ROLLBACK")) connection_.drop();
    }
    return done;
}

Status PostgresLogStore::prepare(std::span<const SchemaStep> steps) {
    EM_TRY(connect());
    EM_ASSIGN(const std::uint64_t have, version());
    EM_ASSIGN(const auto missing, missing_steps(steps, static_cast<std::int64_t>(have), place()));
    if (!missing.empty()) EM_TRY(in_transaction([&] { return migrate(steps); }));
    return check_whole();
}

// 0: there are no tables yet.
Result<std::uint64_t> PostgresLogStore::version() {
    EM_ASSIGN(const auto there,
              connection_.ask("SELECT 1::bigint FROM pg_catalog.pg_tables WHERE schemaname = 'euromesh'"
                              " AND tablename = 'version'",
                              {}));
    if (there.count() == 0) return 0;
    EM_ASSIGN(const auto rows, connection_.ask("SELECT version FROM euromesh.version", {}));
    if (rows.count() == 1) return rows.number(0, 0);
    return fail(Code::corrupted, "{}: the version of the tables is missing: restore a copy", place());
}

// Two that open an empty data base at once come one after another.
Status PostgresLogStore::migrate(std::span<const SchemaStep> steps) {
    EM_ASSIGN(const auto locked,
              connection_.ask("SELECT pg_catalog.pg_advisory_xact_lock($1)", {Value::number(schema_lock)}));
    EM_ASSIGN(const std::uint64_t have, version());
    EM_ASSIGN(const auto missing, missing_steps(steps, static_cast<std::int64_t>(have), place()));
    if (have == 0) {
        EM_TRY(
            connection_.run("CREATE SCHEMA IF NOT EXISTS euromesh;"
                            "CREATE TABLE euromesh.version (version bigint NOT NULL);"
                            "INSERT INTO euromesh.version VALUES (0)"));
    }
    for (const SchemaStep& step : missing) EM_TRY(connection_.run(step.postgres));
    EM_ASSIGN(const auto set,
              connection_.ask("UPDATE euromesh.version SET version = $1", {Value::number(steps.size())}));
    return {};
}

Status PostgresLogStore::check_whole() {
    // One statement sees one moment, also while another coordinator appends.
    EM_ASSIGN(const auto rows,
              connection_.ask("SELECT size, (SELECT coalesce(max(position) + 1, 0) FROM euromesh.entries)"
                              " FROM euromesh.state",
                              {}));
    if (rows.count() == 1 && rows.number(0, 0) == rows.number(0, 1)) return {};
    return fail(Code::corrupted, "{}: its size does not fit its last entry: restore it from a copy", place());
}

Result<State> PostgresLogStore::state(const char* locking) {
    const std::string sql = fmt::format("SELECT size, epoch, holder FROM euromesh.state{}", locking);
    EM_ASSIGN(auto rows, connection_.ask(sql.c_str(), {}));
    if (rows.count() == 1) return State{rows.number(0, 0), rows.number(0, 1), rows.take(0, 2)};
    return fail(Code::corrupted, "{}: its size is missing: restore it from a copy", place());
}

Status PostgresLogStore::must_lead() const {
    if (epoch_ != 0) return {};
    return fail(Code::refused, "{}: written to without the lead", place());
}

// Nobody becomes the leader before the transaction has ended.
Result<State> PostgresLogStore::state_to_write() {
    EM_ASSIGN(State now, state(" FOR UPDATE"));
    EM_TRY(check_epoch(now));
    return now;
}

Result<std::uint64_t> PostgresLogStore::acquire_lead(const std::string& holder) {
    EM_TRY(check_holder(holder));
    EM_TRY(connect());
    if (epoch_ == 0) {
        EM_ASSIGN(const bool locked, try_lock());
        if (!locked) {
            EM_ASSIGN(const State now, state());
            return fail(Code::conflict, "{}: {} leads: stop it first", place(), now.holder);
        }
    }
    EM_ASSIGN(const auto rows,
              connection_.ask("UPDATE euromesh.state SET epoch = epoch + 1, holder = $1 RETURNING epoch",
                              {Value::text(holder)}));
    if (rows.count() != 1) return fail(Code::corrupted, "{}: its size is missing", place());
    return epoch_ = rows.number(0, 0);
}

Result<std::uint64_t> PostgresLogStore::size() {
    EM_TRY(connect());
    EM_ASSIGN(const State now, state());
    return now.size;
}

// The row of the state is the lock, the fence and the place where the entries go.
constexpr const char* append_sql =
    "WITH grown AS (UPDATE euromesh.state SET size = size + $3"
    " WHERE size = $1 AND epoch = $2 RETURNING 1),"
    " added AS (INSERT INTO euromesh.entries SELECT $1 + n - 1, entry"
    " FROM grown, unnest($4) WITH ORDINALITY AS given(entry, n))"
    " SELECT count(*) FROM grown";

Status PostgresLogStore::append(std::uint64_t first, std::span<const std::string> entries) {
    EM_TRY(check_append(entries));
    EM_TRY(must_lead());
    EM_TRY(connect());
    if (first <= INT64_MAX - entries.size()) {
        EM_ASSIGN(const auto rows,
                  connection_.ask(append_sql, {Value::number(first), Value::number(epoch_),
                                               Value::number(entries.size()), Value::blobs(entries)}));
        if (rows.count() == 1 && rows.number(0, 0) == 1) return {};
    }
    return explain_refused_append(first, entries);
}

Status PostgresLogStore::explain_refused_append(std::uint64_t first, std::span<const std::string> entries) {
    EM_ASSIGN(const State now, state());
    EM_TRY(check_epoch(now));
    if (first <= now.size && now.size - first == entries.size()) {
        EM_ASSIGN(const auto there, read_connected(first, entries.size(), log_append_most_bytes));
        if (std::equal(there.begin(), there.end(), entries.begin(), entries.end())) return {};
    }
    return fail(Code::conflict, "{}: entries from number {} on, it has {}", place(), first, now.size);
}

Result<std::vector<std::string>> PostgresLogStore::read(std::uint64_t first, std::size_t most_entries,
                                                        std::size_t most_bytes) {
    EM_TRY(connect());
    return read_connected(first, most_entries, most_bytes);
}

// The server adds up, so that no more travels than was asked for.
constexpr const char* read_sql =
    "SELECT position, bytes FROM (SELECT position, bytes,"
    " sum(octet_length(bytes)) OVER (ORDER BY position) AS total"
    " FROM euromesh.entries WHERE position >= $1 AND position < $2) AS counted"
    " WHERE position = $1 OR total <= $3 ORDER BY position";

Result<std::vector<std::string>> PostgresLogStore::read_connected(std::uint64_t first,
                                                                  std::size_t most_entries,
                                                                  std::size_t most_bytes) {
    std::vector<std::string> entries;
    const std::uint64_t most = std::min(most_entries, log_append_most_entries);
    if (first > INT64_MAX - most) return entries;
    EM_ASSIGN(auto rows,
              connection_.ask(read_sql, {Value::number(first), Value::number(first + most),
                                         Value::number(std::min<std::uint64_t>(most_bytes, INT64_MAX))}));
    for (std::size_t row = 0; row < rows.count(); ++row) {
        if (rows.number(row, 0) != first + row)
            return fail(Code::corrupted, "{}: entry {} is missing", place(), first + row);
        entries.push_back(rows.take(row, 1));
    }
    return entries;
}

// To be called within a transaction that will write.
Status PostgresLogStore::check_place(std::uint64_t at) {
    EM_ASSIGN(const State now, state_to_write());
    if (at <= now.size) return {};
    return fail(Code::conflict, "{}: a snapshot at {}, it has {} entries", place(), at, now.size);
}

Status PostgresLogStore::change(const char* sql, const std::vector<Value>& values) {
    const auto done = connection_.ask(sql, values);
    return done ? Status{} : Status(fail(done.error()));
}

// Parts that belong to no snapshot any more go a few at a time, for the same reason.
Status PostgresLogStore::put_snapshot_part(std::uint64_t at, std::uint64_t part, std::string_view bytes) {
    EM_TRY(check_snapshot_part(part, bytes));
    EM_TRY(must_lead());
    EM_TRY(connect());
    return in_transaction([&]() -> Status {
        EM_TRY(check_place(at));
        if (part == 0) {
            EM_TRY(change("DELETE FROM euromesh.snapshots WHERE at = $1", {Value::number(at)}));
            EM_TRY(change("DELETE FROM euromesh.snapshot_parts WHERE at = $1", {Value::number(at)}));
        }
        EM_TRY(change("INSERT INTO euromesh.snapshot_parts VALUES ($1, $2, $3)",
                      {Value::number(at), Value::number(part), Value::blob(bytes)}));
        return change(
            "DELETE FROM euromesh.snapshot_parts WHERE ctid IN (SELECT ctid FROM euromesh.snapshot_parts"
            " WHERE at <> $1 AND at NOT IN (SELECT at FROM euromesh.snapshots) LIMIT 4)",
            {Value::number(at)});
    });
}

Status PostgresLogStore::finish_snapshot(std::uint64_t at, std::uint64_t size, const Sha256Digest& digest) {
    EM_TRY(check_snapshot(size));
    EM_TRY(must_lead());
    EM_TRY(connect());
    const std::string_view text(reinterpret_cast<const char*>(digest.data()), digest.size());
    return in_transaction([&]() -> Status {
        EM_TRY(check_place(at));
        EM_TRY(
            change("INSERT INTO euromesh.snapshots VALUES ($1, $2, $3) ON CONFLICT (at) DO UPDATE"
                   " SET size = excluded.size, digest = excluded.digest",
                   {Value::number(at), Value::number(size), Value::blob(text)}));
        return connection_.run(
            "DELETE FROM euromesh.snapshots WHERE at NOT IN"
            " (SELECT at FROM euromesh.snapshots ORDER BY at DESC LIMIT 2)");
    });
}

Result<std::optional<Snapshot>> PostgresLogStore::latest_snapshot() {
    EM_TRY(connect());
    EM_ASSIGN(
        const auto rows,
        connection_.ask("SELECT at, size, digest FROM euromesh.snapshots ORDER BY at DESC LIMIT 2", {}));
    for (std::size_t row = 0; row < rows.count(); ++row) {
        EM_ASSIGN(auto found, snapshot_at(rows.number(row, 0), rows.number(row, 1), rows.bytes(row, 2)));
        if (found) return found;
    }
    return std::optional<Snapshot>();
}

Result<std::optional<Snapshot>> PostgresLogStore::snapshot_at(std::uint64_t at, std::uint64_t size,
                                                              const std::string& digest) {
    Snapshot found{at, {}};
    for (std::uint64_t part = 0; found.bytes.size() < size; ++part) {
        EM_ASSIGN(const auto rows,
                  connection_.ask("SELECT bytes FROM euromesh.snapshot_parts WHERE at = $1 AND part = $2",
                                  {Value::number(at), Value::number(part)}));
        if (rows.count() == 0 || rows.bytes(0, 0).empty()) break;
        found.bytes += rows.bytes(0, 0);
    }
    const Sha256Digest is = sha256(found.bytes);
    const std::string_view text(reinterpret_cast<const char*>(is.data()), is.size());
    if (found.bytes.size() != size || text != digest) return std::optional<Snapshot>();
    return std::optional(std::move(found));
}

Status PostgresLogStore::put_document(const std::string& name, std::string_view bytes) {
    EM_TRY(check_document(name, bytes));
    EM_TRY(must_lead());
    EM_TRY(connect());
    return in_transaction([&]() -> Status {
        EM_ASSIGN(const State now, state_to_write());
        EM_ASSIGN(const auto put,
                  connection_.ask("INSERT INTO euromesh.documents VALUES ($1, $2) ON CONFLICT (name)"
                                  " DO UPDATE SET bytes = excluded.bytes",
                                  {Value::text(name), Value::blob(bytes)}));
        return {};
    });
}

Result<std::optional<std::string>> PostgresLogStore::get_document(const std::string& name) {
    EM_TRY(check_document(name, {}));
    EM_TRY(connect());
    EM_ASSIGN(auto rows,
              connection_.ask("SELECT bytes FROM euromesh.documents WHERE name = $1", {Value::text(name)}));
    return rows.count() == 0 ? std::nullopt : std::optional(rows.take(0, 0));
}

Result<std::string> PostgresLogStore::concern() {
    EM_TRY(connect());
    EM_ASSIGN(auto rows,
              connection_.ask("SELECT coalesce(string_agg(name, ', ' ORDER BY name), '')"
                              " FROM pg_catalog.pg_settings WHERE name IN ('fsync', 'full_page_writes')"
                              " AND setting <> 'on'",
                              {}));
    const std::string off = rows.count() == 1 ? rows.take(0, 0) : "";
    return off.empty() ? off : fmt::format("the server runs without {}: entries may be lost", off);
}

}  // namespace

Result<std::unique_ptr<LogStore>> open_postgres_store(const std::string& url, const StoreOptions& options,
                                                      std::span<const SchemaStep> steps) {
    EM_ASSIGN(PostgresConnection connection, PostgresConnection::make(url, options.patience));
    auto store = std::make_unique<PostgresLogStore>(std::move(connection));
    EM_TRY(store->prepare(steps));
    return std::unique_ptr<LogStore>(std::move(store));
}

}  // namespace euromesh::federation
