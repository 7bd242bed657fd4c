// Log lines: for people on a terminal, JSON lines otherwise.
//
// A Logger is passed in; it writes to the sink it was made with (standard error in the program, a string in
// tests). Fields are name/value pairs; secrets are never given to it. Safe from several threads when its sink
// writes a line in one call.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace euromesh {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { human, json_lines };

class Logger {
  public:
    using Sink = std::function<void(std::string_view line)>;
    using Field = std::pair<std::string_view, Json>;

    Logger(const Clock& clock, LogFormat format, LogLevel least, Sink sink)
        : clock_(&clock), format_(format), least_(least), sink_(std::move(sink)) {}

    void write(LogLevel level, std::string_view message, std::initializer_list<Field> fields = {}) const;
    void info(std::string_view message, std::initializer_list<Field> fields = {}) const {
        write(LogLevel::info, message, fields);
    }
    void warning(std::string_view message, std::initializer_list<Field> fields = {}) const {
        write(LogLevel::warning, message, fields);
    }

  private:
    const Clock* clock_;
    LogFormat format_;
    LogLevel least_;
    Sink sink_;
};

}  // namespace euromesh
