// One connection to a PostgreSQL server: questions with binary parameters, answers with binary values.
//
// Adapter to libpq: the only file that includes it. It connects when it is first needed and again after it
// broke; a server that says nothing for the patience is gone. What a failure means for the caller is read
// from the server's SQLSTATE. No error contains a password: a URL that holds one is refused, and what libpq
// says is searched for it anyway. Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace euromesh::federation {

// A value to be bound to $1, $2 …
struct PostgresValue {
    static PostgresValue number(std::uint64_t value);  // bigint; at most its largest
    static PostgresValue text(std::string_view value);
    static PostgresValue blob(std::string_view bytes);
    static PostgresValue blobs(std::span<const std::string> values);  // bytea[]
    unsigned type = 0;
    std::string bytes{};
};

// Rows of an answer; a value is its bytes, as they came.
class PostgresRows {
  public:
    std::size_t count() const { return rows_.size(); }
    // Of a bigint column.
    std::uint64_t number(std::size_t row, std::size_t column) const;
    const std::string& bytes(std::size_t row, std::size_t column) const { return rows_[row][column]; }
    std::string take(std::size_t row, std::size_t column) { return std::move(rows_[row][column]); }

  private:
    friend class PostgresConnection;
    std::vector<std::vector<std::string>> rows_;
};

class PostgresConnection {
  public:
    // bad_input: the URL. Does not connect yet.
    static Result<PostgresConnection> make(const std::string& url, Nanoseconds patience);
    PostgresConnection(PostgresConnection&&) noexcept;
    PostgresConnection& operator=(PostgresConnection&&) noexcept;
    ~PostgresConnection();

    // True: it was made anew. unavailable, refused, not_found.
    Result<bool> connect();
    // One statement. unavailable: the connection broke; what was asked for may have happened.
    Result<PostgresRows> ask(const char* sql, std::span<const PostgresValue> values);
    Result<PostgresRows> ask(const char* sql, std::initializer_list<PostgresValue> values) {
        return ask(sql, std::span(values.begin(), values.size()));
    }
    // Several statements without values; what they answer is dropped.
    Status run(const char* sql);
    // Forgets it; the server frees what the session held.
    void drop();

    const std::string& place() const;

  private:
    struct State;
    explicit PostgresConnection(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace euromesh::federation
