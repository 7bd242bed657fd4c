#include "federation/store/sqlite_log_store.hpp"

#include <sqlite3.h>

#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/os/file_lock.hpp"

namespace euromesh::federation {
namespace {

// Marks the file as ours: "EMlg".
constexpr std::int64_t application_id = 0x454d6c67;

Code code_of(int result) {
    switch (result & 0xff) {
        case SQLITE_FULL:
            return Code::no_space;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Code::corrupted;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return Code::refused;
        case SQLITE_CANTOPEN:
            return Code::not_found;
        case SQLITE_TOOBIG:
        case SQLITE_MISUSE:
        case SQLITE_CONSTRAINT:
            return Code::internal;
        default:
            return Code::unavailable;
    }
}

std::string_view remedy_of(Code code) {
    switch (code) {
        case Code::no_space:
            return " (free some room and try again)";
        case Code::corrupted:
            return " (no data base of ours, or damaged: restore it from a copy)";
        case Code::refused:
            return " (check the owner and the permissions of the file and its folder)";
        case Code::not_found:
            return " (check that the folder is there and may be written to)";
        default:
            return "";
    }
}

struct CloseConnection {
    void operator()(sqlite3* connection) const { ::sqlite3_close(connection); }
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { ::sqlite3_finalize(statement); }
};

// A statement with its parameters. Values are borrowed until it has run.
class Query {
  public:
    Query(sqlite3* connection, const char* sql) {
        sqlite3_stmt* raw = nullptr;
        result_ = ::sqlite3_prepare_v2(connection, sql, -1, &raw, nullptr);
        statement_.reset(raw);
    }
    Query& with(std::uint64_t value) {
        EM_ASSERT(value <= INT64_MAX, "a number that the data base can hold");
        if (statement_) ::sqlite3_bind_int64(statement_.get(), ++bound_, static_cast<sqlite3_int64>(value));
        return *this;
    }
    Query& with_text(std::string_view text) {
        if (statement_) {
            ::sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_STATIC,
                                  SQLITE_UTF8);
        }
        return *this;
    }
    Query& with_bytes(std::string_view bytes) {
        // A null pointer would be the value NULL.
        const char* data = bytes.empty() ? "" : bytes.data();
        if (statement_) ::sqlite3_bind_blob64(statement_.get(), ++bound_, data, bytes.size(), SQLITE_STATIC);
        return *this;
    }
    // True: there is a row.
    bool step() {
        if (statement_) result_ = ::sqlite3_step(statement_.get());
        return result_ == SQLITE_ROW;
    }
    void again() {
        if (statement_) ::sqlite3_reset(statement_.get());
        bound_ = 0;
    }
    bool failed() const { return result_ != SQLITE_OK && result_ != SQLITE_ROW && result_ != SQLITE_DONE; }
    int result() const { return result_; }
    std::uint64_t number(int column) const {
        return static_cast<std::uint64_t>(::sqlite3_column_int64(statement_.get(), column));
    }
    std::string bytes(int column) const {
        const void* data = ::sqlite3_column_blob(statement_.get(), column);
        const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_.get(), column));
        return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
    }

  private:
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int result_ = SQLITE_OK;
    int bound_ = 0;
};

struct State {
    std::uint64_t size = 0, epoch = 0;
    std::string holder;
};

class SqliteLogStore final : public LogStore {
  public:
    SqliteLogStore(os::Path path, Connection connection)
        : path_(std::move(path)), connection_(std::move(connection)) {}

    Status prepare(const StoreOptions& options, std::span<const SchemaStep> steps);

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
    std::string place() const override { return "sqlite:" + path_.string(); }
    Result<std::string> concern() override { return std::string(); }

  private:
    Status execute(const char* sql);
    Error error(int result) const;
    Status finish(const Query& query) const;
    Status migrate(std::span<const SchemaStep> steps);
    Status check_whole();
    Result<std::uint64_t> pragma(const char* sql);
    Result<State> state();
    Result<State> state_to_write();
    Result<bool> is_tail(std::uint64_t first, std::span<const std::string> entries, std::uint64_t size);
    Status insert(std::uint64_t first, std::span<const std::string> entries);
    Status check_place(std::uint64_t at);
    Status delete_at(const char* sql, std::uint64_t at);
    Result<std::optional<Snapshot>> snapshot_at(std::uint64_t at, std::uint64_t size,
                                                const std::string& digest);
    // Runs `work` in a transaction; a failure of it, or of the commit, leaves nothing behind.
    template <class Work>
    Status in_transaction(Work&& work);

    os::Path path_;
    Connection connection_;
    std::optional<os::FileLock> lead_;
    std::uint64_t epoch_ = 0;
};

Error SqliteLogStore::error(int result) const {
    const Code code = code_of(result);
    return Error{code, fmt::format("{}: {}{}", place(), ::sqlite3_errstr(result), remedy_of(code))};
}

Status SqliteLogStore::execute(const char* sql) {
    const int result = ::sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
    if (result == SQLITE_OK) return {};
    return fail(error(result));
}

Status SqliteLogStore::finish(const Query& query) const {
    if (!query.failed()) return {};
    return fail(error(query.result()));
}

template <class Work>
Status SqliteLogStore::in_transaction(Work&& work) {
    EM_TRY(execute("BEGIN IMMEDIATE"));
    Status done = work();
    if (done) done = execute("COMMIT");
    if (!done) (void)execute("ROLLBACK");
    return done;
}

Result<std::uint64_t> SqliteLogStore::pragma(const char* sql) {
    Query query(connection_.get(), sql);
    const bool found = query.step();
    EM_TRY(finish(query));
    return found ? query.number(0) : 0;
}

Status SqliteLogStore::prepare(const StoreOptions& options, std::span<const SchemaStep> steps) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(options.patience).count();
    ::sqlite3_busy_timeout(connection_.get(), static_cast<int>(wait));
    EM_TRY(execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF"));
    EM_TRY(in_transaction([&] { return migrate(steps); }));
    return check_whole();
}

Status SqliteLogStore::migrate(std::span<const SchemaStep> steps) {
    EM_ASSIGN(const std::uint64_t version, pragma("PRAGMA user_version"));
    EM_ASSIGN(const std::uint64_t owner, pragma("PRAGMA application_id"));
    EM_ASSIGN(const std::uint64_t tables, pragma("SELECT count(*) FROM sqlite_schema"));
    if (tables > 0 && owner != application_id)
        return fail(Code::corrupted, "{}: a data base of another program: name another file", place());
    EM_ASSIGN(const auto missing, missing_steps(steps, static_cast<std::int64_t>(version), place()));
    for (const SchemaStep& step : missing) EM_TRY(execute(step.sqlite));
    // Pragmas take no parameters; both numbers are our own.
    return execute(
        fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", steps.size(), application_id)
            .c_str());
}

// What a torn file or a careless copy would show.
Status SqliteLogStore::check_whole() {
    EM_ASSIGN(const State now, state());
    EM_ASSIGN(const std::uint64_t next, pragma("SELECT coalesce(max(position) + 1, 0) FROM entries"));
    if (next == now.size) return {};
    return fail(Code::corrupted, "{}: it says {} entries, the last one has number {}: restore it from a copy",
                place(), now.size, next);
}

Result<State> SqliteLogStore::state() {
    Query query(connection_.get(), "SELECT size, epoch, holder FROM state WHERE one = 1");
    const bool found = query.step();
    EM_TRY(finish(query));
    if (!found) return fail(Code::corrupted, "{}: its size is missing: restore it from a copy", place());
    return State{query.number(0), query.number(1), query.bytes(2)};
}

// To be called within a transaction that will write.
Result<State> SqliteLogStore::state_to_write() {
    if (epoch_ == 0) return fail(Code::refused, "{}: written to without the lead", place());
    EM_ASSIGN(State now, state());
    if (now.epoch == epoch_) return now;
    return fail(Code::conflict, "{}: {} leads since (epoch {}, ours was {})", place(), now.holder, now.epoch,
                epoch_);
}

Result<std::uint64_t> SqliteLogStore::acquire_lead(const std::string& holder) {
    EM_TRY(check_holder(holder));
    if (!lead_) {
        auto taken = os::FileLock::take(path_.string() + ".lead");
        if (!taken && taken.error().code == Code::conflict) {
            EM_ASSIGN(const State now, state());
            return fail(Code::conflict, "{}: {} leads: stop it first", place(), now.holder);
        }
        if (!taken) return fail(std::move(taken).error());
        lead_ = std::move(*taken);
    }
    std::uint64_t epoch = 0;
    EM_TRY(in_transaction([&]() -> Status {
        Query query(connection_.get(),
                    "UPDATE state SET epoch = epoch + 1, holder = ? WHERE one = 1 RETURNING epoch");
        if (query.with_text(holder).step()) epoch = query.number(0);
        return finish(query);
    }));
    return epoch_ = epoch;
}

Result<std::uint64_t> SqliteLogStore::size() {
    EM_ASSIGN(const State now, state());
    return now.size;
}

Status SqliteLogStore::append(std::uint64_t first, std::span<const std::string> entries) {
    EM_TRY(check_append(entries));
    return in_transaction([&]() -> Status {
        EM_ASSIGN(const State now, state_to_write());
        if (first == now.size) return insert(first, entries);
        EM_ASSIGN(const bool there, is_tail(first, entries, now.size));
        if (there) return {};
        return fail(Code::conflict, "{}: entries from number {} on, it has {}", place(), first, now.size);
    });
}

Result<bool> SqliteLogStore::is_tail(std::uint64_t first, std::span<const std::string> entries,
                                     std::uint64_t size) {
    if (first > size || size - first != entries.size()) return false;
    EM_ASSIGN(const auto there, read(first, entries.size(), log_append_most_bytes));
    return std::equal(there.begin(), there.end(), entries.begin(), entries.end());
}

Status SqliteLogStore::insert(std::uint64_t first, std::span<const std::string> entries) {
    Query query(connection_.get(), "INSERT INTO entries VALUES (?, ?)");
    EM_TRY(finish(query));
    std::uint64_t position = first;
    for (const std::string& entry : entries) {
        query.again();
        query.with(position++).with_bytes(entry).step();
        EM_TRY(finish(query));
    }
    Query grow(connection_.get(), "UPDATE state SET size = ? WHERE one = 1");
    grow.with(position).step();
    return finish(grow);
}

Result<std::vector<std::string>> SqliteLogStore::read(std::uint64_t first, std::size_t most_entries,
                                                      std::size_t most_bytes) {
    std::vector<std::string> entries;
    if (first > INT64_MAX || most_entries == 0) return entries;
    Query query(connection_.get(),
                "SELECT position, bytes FROM entries WHERE position >= ? ORDER BY position LIMIT ?");
    query.with(first).with(std::min(most_entries, log_append_most_entries));
    std::size_t bytes = 0;
    while (query.step()) {
        if (query.number(0) != first + entries.size())
            return fail(Code::corrupted, "{}: entry {} is missing", place(), first + entries.size());
        std::string entry = query.bytes(1);
        bytes += entry.size();
        if (bytes > most_bytes && !entries.empty()) return entries;
        entries.push_back(std::move(entry));
    }
    EM_TRY(finish(query));
    return entries;
}

// To be called within a transaction that will write.
Status SqliteLogStore::check_place(std::uint64_t at) {
    EM_ASSIGN(const State now, state_to_write());
    if (at <= now.size) return {};
    return fail(Code::conflict, "{}: a snapshot at {}, it has {} entries", place(), at, now.size);
}

Status SqliteLogStore::delete_at(const char* sql, std::uint64_t at) {
    Query query(connection_.get(), sql);
    query.with(at).step();
    return finish(query);
}

// Parts that belong to no snapshot any more go a few at a time, for the same reason.
Status SqliteLogStore::put_snapshot_part(std::uint64_t at, std::uint64_t part, std::string_view bytes) {
    EM_TRY(check_snapshot_part(part, bytes));
    return in_transaction([&]() -> Status {
        EM_TRY(check_place(at));
        if (part == 0) {
            EM_TRY(delete_at("DELETE FROM snapshots WHERE at = ?", at));
            EM_TRY(delete_at("DELETE FROM snapshot_parts WHERE at = ?", at));
        }
        Query query(connection_.get(), "INSERT INTO snapshot_parts VALUES (?, ?, ?)");
        query.with(at).with(part).with_bytes(bytes).step();
        EM_TRY(finish(query));
        return delete_at(
            "DELETE FROM snapshot_parts WHERE rowid IN (SELECT rowid FROM snapshot_parts"
            " WHERE at <> ? AND at NOT IN (SELECT at FROM snapshots) LIMIT 4)",
            at);
    });
}

Status SqliteLogStore::finish_snapshot(std::uint64_t at, std::uint64_t size, const Sha256Digest& digest) {
    EM_TRY(check_snapshot(size));
    return in_transaction([&]() -> Status {
        EM_TRY(check_place(at));
        Query head(connection_.get(), "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)");
        head.with(at).with(size);
        head.with_bytes({reinterpret_cast<const char*>(digest.data()), digest.size()}).step();
        EM_TRY(finish(head));
        return execute(
            "DELETE FROM snapshots WHERE at NOT IN (SELECT at FROM snapshots ORDER BY at DESC LIMIT 2)");
    });
}

Result<std::optional<Snapshot>> SqliteLogStore::latest_snapshot() {
    Query query(connection_.get(), "SELECT at, size, digest FROM snapshots ORDER BY at DESC LIMIT 2");
    while (query.step()) {
        EM_ASSIGN(auto found, snapshot_at(query.number(0), query.number(1), query.bytes(2)));
        if (found) return found;
    }
    EM_TRY(finish(query));
    return std::optional<Snapshot>();
}

Result<std::optional<Snapshot>> SqliteLogStore::snapshot_at(std::uint64_t at, std::uint64_t size,
                                                            const std::string& digest) {
    Query query(connection_.get(), "SELECT bytes FROM snapshot_parts WHERE at = ? ORDER BY part");
    query.with(at);
    Snapshot found{at, {}};
    while (query.step() && found.bytes.size() <= size) found.bytes += query.bytes(0);
    EM_TRY(finish(query));
    const Sha256Digest is = sha256(found.bytes);
    const std::string_view text(reinterpret_cast<const char*>(is.data()), is.size());
    if (found.bytes.size() != size || text != digest) return std::optional<Snapshot>();
    return std::optional(std::move(found));
}

Status SqliteLogStore::put_document(const std::string& name, std::string_view bytes) {
    EM_TRY(check_document(name, bytes));
    return in_transaction([&]() -> Status {
        EM_ASSIGN(const State now, state_to_write());
        Query query(connection_.get(), "INSERT OR REPLACE INTO documents VALUES (?, ?)");
        query.with_text(name).with_bytes(bytes).step();
        return finish(query);
    });
}

Result<std::optional<std::string>> SqliteLogStore::get_document(const std::string& name) {
    EM_TRY(check_document(name, {}));
    Query query(connection_.get(), "SELECT bytes FROM documents WHERE name = ?");
    const bool found = query.with_text(name).step();
    EM_TRY(finish(query));
    return found ? std::optional(query.bytes(0)) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<LogStore>> open_sqlite_store(const os::Path& path, const StoreOptions& options,
                                                    std::span<const SchemaStep> steps) {
    if (!path.is_absolute() || path.has_filename() == false) {
        return fail(Code::bad_input, "the store's file {}: use a whole path, sqlite:/path/file",
                    path.string());
    }
    sqlite3* raw = nullptr;
    const int result = ::sqlite3_open_v2(
        path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    auto store = std::make_unique<SqliteLogStore>(path, Connection(raw));
    if (result != SQLITE_OK) {
        const Code code = code_of(result);
        return fail(code, "sqlite:{}: {}{}", path.string(), ::sqlite3_errstr(result), remedy_of(code));
    }
    EM_TRY(store->prepare(options, steps));
    return std::unique_ptr<LogStore>(std::move(store));
}

}  // namespace euromesh::federation
