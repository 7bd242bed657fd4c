#include "apps/teller.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace euromesh::apps {
namespace {

std::string losses_in_words(const Json& losses) {
    std::string text;
    for (const auto& [language, loss] : losses.items())
        text += fmt::format(" {} {:.4f}", language, loss.get<double>());
    return text;
}

}  // namespace

std::string bytes_in_words(double bytes) {
    constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < std::size(units)) {
        bytes /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.3g} {}", bytes, units[unit]);
}

std::string in_words(const Json& event) {
    const std::string kind = event.value("event", "");
    if (kind == "start") {
        return fmt::format("{}: {} parameters, {} of text, {}, from step {}", event.value("site", ""),
                           event.value("parameters", 0), bytes_in_words(event.value("text_bytes", 0.0)),
                           event.value("device", ""), event.value("step", 0));
    }
    if (kind == "progress") {
        return fmt::format("step {}: loss {:.4f}, {:.0f} tokens/s", event.value("step", 0),
                           event.value("loss", 0.0), event.value("tokens_per_second", 0.0));
    }
    if (kind == "round") {
        return fmt::format("round {}: loss {:.4f}, {} sites, {} sent, waited {:.2f} s, outer state {}",
                           event.value("round", 0), event.value("loss", 0.0), event["members"].size(),
                           bytes_in_words(event.value("bytes_sent", 0.0)), event.value("wait_s", 0.0),
                           event.value("digest", "").substr(0, 12));
    }
    if (kind == "evaluation") return "held-out nats per byte:" + losses_in_words(event["loss"]);
    if (kind == "note") return fmt::format("round {}: {}", event.value("round", 0), event.value("text", ""));
    if (kind == "left")
        return fmt::format("left at round {}: {}", event.value("round", 0), event.value("checkpoint", ""));
    if (kind == "gap")
        return fmt::format("back after {:.1f} s, {:.1f} s of it without an allocation",
                           event.value("total_ms", 0.0) / 1000, event.value("wait_ms", 0.0) / 1000);
    if (kind == "done")
        return fmt::format("done in {:.1f} s: {}", event.value("seconds", 0.0),
                           event.value("checkpoint", ""));
    return "";
}

Status EventTeller::keep_in(const os::Path& file) {
    EM_TRY(os::make_folders(file.parent_path()));
    EM_ASSIGN(os::AppendFile opened, os::AppendFile::open(file));
    kept_ = std::move(opened);
    return {};
}

void EventTeller::tell(const Json& event) {
    const std::string text = event.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (kept_ && event.value("event", "") != "progress") {
        if (const Status kept = kept_->append(text + "\n"); !kept) {
            std::fprintf(stderr, "euromesh: events are no longer kept: %s\n", kept.error().message.c_str());
            kept_.reset();
        }
    }
    if (watcher_) watcher_(event);
    const std::string line = json_ ? text : in_words(event);
    if (line.empty()) return;
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void print_json(const Json& document) {
    std::printf("%s\n", document.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

}  // namespace euromesh::apps
