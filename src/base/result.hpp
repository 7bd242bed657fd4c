// What can go wrong, as a value.
//
// Expected failures (a peer is gone, a file is bad, a request conflicts) travel as Result<T>; programmer
// errors are assertions (base/assert.hpp). A code is named after what the caller can do about it; the message
// says what is wrong, where, and what would be right, in one line. Plain values: no thread rule.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace euromesh {

enum class Code {
    bad_input,    // correct the input and call again
    not_found,    // name something that exists
    conflict,     // somebody else holds it, or it is there already
    refused,      // authentication or policy said no: do not retry
    unavailable,  // a peer or service is gone for now: retry later
    no_space,     // free room on the disk and call again
    corrupted,    // restore from another copy
    cancelled,    // the caller asked to stop
    internal,     // a defect of ours: report it
};

struct [[nodiscard]] Error {
    Code code = Code::internal;
    std::string message;

    // The same failure, told from one level higher: "reading run.toml: no such file".
    Error within(const std::string& context) const { return Error{code, context + ": " + message}; }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

template <class... Args>
tl::unexpected<Error> fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
    return tl::make_unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

inline tl::unexpected<Error> fail(Error error) {
    return tl::make_unexpected(std::move(error));
}

std::string_view name_of(Code code);

// Exit status of the program for a failure of this kind. Stable: scripts depend on it (docs/cli.md).
int exit_status(Code code);

}  // namespace euromesh

// EM_TRY(status_expression);            returns the error to the caller
// EM_ASSIGN(auto value, expression);    the same, and binds the value
#define EM_TRY(expression)                                                       \
    do {                                                                         \
        auto em_result_ = (expression);                                          \
        if (!em_result_) return ::euromesh::fail(std::move(em_result_).error()); \
    } while (false)
#define EM_CONCAT_(a, b) a##b
#define EM_CONCAT(a, b) EM_CONCAT_(a, b)
#define EM_ASSIGN_IMPL_(temporary, declaration, expression)                \
    auto temporary = (expression);                                         \
    if (!temporary) return ::euromesh::fail(std::move(temporary).error()); \
    declaration = std::move(*temporary)
#define EM_ASSIGN(declaration, ...) \
    EM_ASSIGN_IMPL_(EM_CONCAT(em_value_, __LINE__), declaration, (__VA_ARGS__))
