#include "federation/store/postgres_connection.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <climits>
#include <map>
#include <optional>

#include "base/assert.hpp"
#include "base/os/descriptor.hpp"

namespace euromesh::federation {
namespace {

// Object ids of types, fixed for ever by the server's catalogue (pg_type.dat).
constexpr Oid type_bytea = 17, type_int8 = 20, type_text = 25, type_bytea_array = 1001;
constexpr int binary = 1;
// "STRICT" and ON CONFLICT apart, what we ask for came with version 9.5; older than 12 are not tested.
constexpr int oldest_server = 120000;

struct CloseConnection {
    void operator()(PGconn* connection) const { ::PQfinish(connection); }
};
struct Clear {
    void operator()(PGresult* result) const { ::PQclear(result); }
};
struct FreeOptions {
    void operator()(PQconninfoOption* options) const { ::PQconninfoFree(options); }
};
using Connection = std::unique_ptr<PGconn, CloseConnection>;
using Answer = std::unique_ptr<PGresult, Clear>;
using Options = std::map<std::string, std::string>;

void put_number(std::string& bytes, std::uint64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>((value >> shift) & 0xff));
}

// Appendix A of the server's manual: classes of error codes.
Code code_of(std::string_view state) {
    if (state == "53100") return Code::no_space;
    if (state == "3D000" || state == "3F000" || state == "42P01") return Code::not_found;
    if (state.starts_with("28") || state == "42501" || state == "25006") return Code::refused;
    if (state.starts_with("XX")) return Code::corrupted;
    for (const char* passing : {"08", "40", "53", "55", "57", "58"}) {
        if (state.starts_with(passing)) return Code::unavailable;
    }
    return Code::internal;
}

// A connection that was not made has no SQLSTATE; its text is the server's, in its language.
Code code_of_connect(std::string_view text) {
    const auto says = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
    if (says("authentication") || says("no password supplied") || says("pg_hba.conf") || says("role "))
        return Code::refused;
    return says("does not exist") && says("database \"") ? Code::not_found : Code::unavailable;
}

std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return text.substr(0, 500);
}

Result<Options> parse_url(const std::string& url) {
    char* raw_text = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(::PQconninfoParse(url.c_str(), &raw_text));
    ::PQfreemem(raw_text);
    // What libpq says about it may quote a part of it.
    if (!parsed) {
        return fail(Code::bad_input,
                    "the store's URL is not understood: use postgresql://USER@HOST:PORT/DATABASE");
    }
    Options options;
    for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) options[option->keyword] = option->val;
    }
    for (const char* secret : {"password", "sslpassword"}) {
        if (options.contains(secret)) {
            return fail(Code::bad_input,
                        "the store's URL holds a {}: put it into a file that only this user may read, and "
                        "name that by ?passfile=FILE or PGPASSFILE",
                        secret);
        }
    }
    return options;
}

std::string place_of(const Options& options) {
    const auto get = [&](const char* name) {
        const auto found = options.find(name);
        return found == options.end() ? std::string() : found->second;
    };
    const std::string port = get("port");
    return "postgresql://" + get("host") + (port.empty() ? "" : ":" + port) + "/" + get("dbname");
}

}  // namespace

PostgresValue PostgresValue::number(std::uint64_t value) {
    EM_ASSERT(value <= INT64_MAX, "a number that the data base can hold");
    PostgresValue made{type_int8};
    put_number(made.bytes, value, 8);
    return made;
}

PostgresValue PostgresValue::text(std::string_view value) {
    return {type_text, std::string(value)};
}

PostgresValue PostgresValue::blob(std::string_view bytes) {
    return {type_bytea, std::string(bytes)};
}

// The wire form of an array (array_recv): dimensions, no nulls, element type, length, lower bound, elements.
PostgresValue PostgresValue::blobs(std::span<const std::string> values) {
    PostgresValue made{type_bytea_array};
    std::size_t size = 20;
    for (const std::string& value : values) size += 4 + value.size();
    made.bytes.reserve(size);
    put_number(made.bytes, values.empty() ? 0 : 1, 4);
    put_number(made.bytes, 0, 4);
    put_number(made.bytes, type_bytea, 4);
    if (!values.empty()) {
        put_number(made.bytes, values.size(), 4);
        put_number(made.bytes, 1, 4);
    }
    for (const std::string& value : values) {
        put_number(made.bytes, value.size(), 4);
        made.bytes += value;
    }
    return made;
}

std::uint64_t PostgresRows::number(std::size_t row, std::size_t column) const {
    const std::string& bytes = rows_[row][column];
    EM_ASSERT(bytes.size() == 8, "a column of type bigint");
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

struct PostgresConnection::State {
    Options options;
    std::string place;
    Nanoseconds patience{0};
    Connection connection{};

    Error broken(std::string_view why);
    Error told(const PGresult& answer) const;
    Status wait(os::DescriptorWait wish);
    Status send_all();
    Result<Answer> receive();
    Result<Answer> receive_last();
    Status greet();
};

PostgresConnection::PostgresConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
PostgresConnection::PostgresConnection(PostgresConnection&&) noexcept = default;
PostgresConnection& PostgresConnection::operator=(PostgresConnection&&) noexcept = default;
PostgresConnection::~PostgresConnection() = default;

const std::string& PostgresConnection::place() const {
    return state_->place;
}

void PostgresConnection::drop() {
    state_->connection.reset();
}

Result<PostgresConnection> PostgresConnection::make(const std::string& url, Nanoseconds patience) {
    EM_ASSIGN(Options options, parse_url(url));
    auto state = std::make_unique<State>();
    state->place = place_of(options);
    state->patience = patience;
    const auto seconds = std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(patience).count());
    options.emplace("connect_timeout", std::to_string(seconds));
    options.emplace("tcp_user_timeout", std::to_string(seconds * 1000));
    options.emplace("application_name", "euromesh");
    options["client_encoding"] = "UTF8";
    state->options = std::move(options);
    return PostgresConnection(std::move(state));
}

// The connection is of no use any more; what it was about to say is in the error.
Error PostgresConnection::State::broken(std::string_view why) {
    const std::string text = connection ? one_line(::PQerrorMessage(connection.get())) : "";
    connection.reset();
    return Error{Code::unavailable, fmt::format("{}: {}{}{}", place, why, text.empty() ? "" : ": ", text)};
}

Error PostgresConnection::State::told(const PGresult& answer) const {
    const char* sql_state = ::PQresultErrorField(&answer, PG_DIAG_SQLSTATE);
    const char* text = ::PQresultErrorField(&answer, PG_DIAG_MESSAGE_PRIMARY);
    const Code code = code_of(sql_state == nullptr ? "" : sql_state);
    const char* remedy = code == Code::no_space ? " (free some room at the server and try again)" : "";
    return Error{code,
                 fmt::format("{}: {}{}", place, one_line(text == nullptr ? "no answer" : text), remedy)};
}

Status PostgresConnection::State::wait(os::DescriptorWait wish) {
    if (os::wait_for_descriptor(::PQsocket(connection.get()), wish, patience)) return {};
    return fail(broken(fmt::format("the server says nothing for {:.0f} s", to_seconds(patience))));
}

Status PostgresConnection::State::send_all() {
    for (;;) {
        const int left = ::PQflush(connection.get());
        if (left < 0) return fail(broken("the connection broke"));
        if (left == 0) return {};
        EM_TRY(wait({.write = true}));
        // A server that wants to be read first would never take the rest.
        if (::PQconsumeInput(connection.get()) == 0) return fail(broken("the connection broke"));
    }
}

// Nothing: the answer is complete.
Result<Answer> PostgresConnection::State::receive() {
    while (::PQisBusy(connection.get()) != 0) {
        EM_TRY(wait({}));
        if (::PQconsumeInput(connection.get()) == 0) return fail(broken("the connection broke"));
    }
    return Answer(::PQgetResult(connection.get()));
}

// Of several answers the last one, or the first error.
Result<Answer> PostgresConnection::State::receive_last() {
    Answer last;
    std::optional<Error> error;
    for (;;) {
        EM_ASSIGN(Answer next, receive());
        if (!next) break;
        const ExecStatusType status = ::PQresultStatus(next.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !error) error = told(*next);
        last = std::move(next);
    }
    if (::PQstatus(connection.get()) == CONNECTION_BAD) return fail(broken("the connection broke"));
    if (error) return fail(std::move(*error));
    if (!last) return fail(broken("the server gave no answer"));
    return last;
}

Result<bool> PostgresConnection::connect() {
    State& state = *state_;
    if (state.connection && ::PQstatus(state.connection.get()) == CONNECTION_OK) return false;
    std::vector<const char*> names, values;
    for (const auto& [name, value] : state.options) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    state.connection.reset(::PQconnectdbParams(names.data(), values.data(), 0));
    if (!state.connection || ::PQstatus(state.connection.get()) != CONNECTION_OK) {
        Error error = state.broken("no connection");
        error.code = code_of_connect(error.message);
        return fail(std::move(error));
    }
    EM_TRY(state.greet());
    return true;
}

// What durability and time limits need, whatever the server's defaults are.
Status PostgresConnection::State::greet() {
    PGconn* raw = connection.get();
    ::PQsetNoticeProcessor(
        raw, [](void*, const char*) {}, nullptr);
    ::PQsetnonblocking(raw, 1);
    if (::PQserverVersion(raw) < oldest_server) {
        connection.reset();
        return fail(Code::refused, "{}: a server older than PostgreSQL 12: use a newer one", place);
    }
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
    const std::string sql = fmt::format(
        "SET synchronous_commit TO on; SET default_transaction_isolation TO 'read committed';"
        "SET statement_timeout TO {}; SET idle_in_transaction_session_timeout TO {}; SET search_path TO ''",
        limit, 6 * limit);
    if (::PQsendQuery(raw, sql.c_str()) == 0) return fail(broken("the connection broke"));
    EM_TRY(send_all());
    auto answer = receive_last();
    if (answer) return {};
    connection.reset();
    return fail(std::move(answer).error());
}

Status PostgresConnection::run(const char* sql) {
    State& state = *state_;
    EM_ASSERT(state.connection, "connected before it is asked");
    if (::PQsendQuery(state.connection.get(), sql) == 0) return fail(state.broken("the connection broke"));
    EM_TRY(state.send_all());
    EM_ASSIGN(const Answer answer, state.receive_last());
    return {};
}

Result<PostgresRows> PostgresConnection::ask(const char* sql, std::span<const PostgresValue> values) {
    State& state = *state_;
    EM_ASSERT(state.connection, "connected before it is asked");
    std::vector<Oid> types;
    std::vector<const char*> bytes;
    std::vector<int> sizes, formats(values.size(), binary);
    for (const PostgresValue& value : values) {
        types.push_back(value.type);
        bytes.push_back(value.bytes.data());
        sizes.push_back(static_cast<int>(value.bytes.size()));
    }
    if (::PQsendQueryParams(state.connection.get(), sql, static_cast<int>(values.size()), types.data(),
                            bytes.data(), sizes.data(), formats.data(), binary) == 0)
        return fail(state.broken("the connection broke"));
    EM_TRY(state.send_all());
    EM_ASSIGN(const Answer answer, state.receive_last());
    PostgresRows rows;
    for (int row = 0; row < ::PQntuples(answer.get()); ++row) {
        auto& made = rows.rows_.emplace_back();
        for (int column = 0; column < ::PQnfields(answer.get()); ++column) {
            made.emplace_back(::PQgetvalue(answer.get(), row, column),
                              static_cast<std::size_t>(::PQgetlength(answer.get(), row, column)));
        }
    }
    return rows;
}

}  // namespace euromesh::federation
