#include "base/log.hpp"

namespace euromesh {
namespace {

constexpr std::string_view names[] = {"debug", "info", "warning", "error"};

std::string_view name_of_level(LogLevel level) {
    return names[static_cast<int>(level)];
}

std::string dumped(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string as_json(LogLevel level, std::string_view message, std::initializer_list<Logger::Field> fields,
                    const std::string& time) {
    Json line = {{"time", time}, {"level", name_of_level(level)}, {"message", message}};
    for (const auto& [name, value] : fields) line[std::string(name)] = value;
    return dumped(line) + "\n";
}

std::string as_text(LogLevel level, std::string_view message, std::initializer_list<Logger::Field> fields,
                    const std::string& time) {
    std::string line = time.substr(11, 8) + " ";
    if (level != LogLevel::info) line += std::string(name_of_level(level)) + ": ";
    line += message;
    for (const auto& [name, value] : fields) {
        line += fmt::format(" {}={}", name, value.is_string() ? value.get<std::string>() : dumped(value));
    }
    return line + "\n";
}

}  // namespace

void Logger::write(LogLevel level, std::string_view message, std::initializer_list<Field> fields) const {
    if (level < least_) return;
    const std::string time = iso8601_utc(clock_->wall());
    sink_(format_ == LogFormat::human ? as_text(level, message, fields, time)
                                      : as_json(level, message, fields, time));
}

}  // namespace euromesh
