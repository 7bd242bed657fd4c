#include "apps/live_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "apps/teller.hpp"

namespace euromesh::apps {
namespace {

constexpr Nanoseconds terminal_pause = std::chrono::milliseconds(100);
constexpr Nanoseconds line_pause = std::chrono::seconds(20);

}  // namespace

LiveView::LiveView(const Clock& clock, std::vector<std::string> names, std::int64_t steps, bool terminal,
                   int width)
    : clock_(clock),
      names_(std::move(names)),
      steps_(steps),
      terminal_(terminal),
      width_(static_cast<std::size_t>(std::max(width, 40))),
      begin_(clock.monotonic()),
      last_paint_(begin_) {
    for (const std::string& name : names_) rows_[name] = {};
}

void LiveView::add(const std::string& name, const Json& event) {
    Row& row = rows_[name];
    row.started = true;
    const std::string kind = event.value("event", "");
    if (kind == "progress") {
        row.step = event.value("step", row.step);
        row.rate = event.value("tokens_per_second", row.rate);
        row.loss = event.value("loss", row.loss);
    } else if (kind == "start") {
        row.step = event.value("step", row.step);
    } else if (kind == "round") {
        row.round = event.value("round", row.round);
        row.loss = event.value("loss", row.loss);
        row.bytes += event.value("bytes_sent", std::int64_t{0});
        row.wait_s += event.value("wait_s", 0.0);
    } else if (kind == "left") {
        row.bytes += event.value("bytes_sent", std::int64_t{0});
    } else if (kind == "done") {
        row.step = steps_;
        row.ended = true;
    }
    draw(false);
}

std::string LiveView::line_of(const std::string& name, const Row& row) const {
    if (!row.started) return fmt::format("{:<22} waiting for a core", name);
    return fmt::format("{:<22} {:>9} {:>6} {:>8.4f} {:>9.0f} {:>9} {:>7.1f}{}", name, row.step, row.round,
                       row.loss, row.rate, bytes_in_words(static_cast<double>(row.bytes)), row.wait_s,
                       row.ended ? "  done" : "");
}

std::string LiveView::bar() const {
    std::int64_t done = 0;
    for (const auto& [name, row] : rows_) done += row.step;
    const double share = static_cast<double>(done) /
                         static_cast<double>(std::max<std::int64_t>(1, steps_ * std::ssize(names_)));
    const double elapsed = to_seconds(clock_.monotonic() - begin_);
    const std::size_t room = std::min<std::size_t>(width_ - 34, 50);
    const auto full = static_cast<std::size_t>(share * static_cast<double>(room));
    const std::string left = share > 0.02 ? fmt::format("{:.0f} s left", elapsed / share - elapsed) : "";
    return fmt::format("[{}{}] {:3.0f} %  {:.0f} s  {}", std::string(full, '#'),
                       std::string(room - full, '.'), 100 * share, elapsed, left);
}

std::vector<std::string> LiveView::lines() const {
    std::vector<std::string> lines;
    lines.push_back(fmt::format("{:<22} {:>9} {:>6} {:>8} {:>9} {:>9} {:>7}", "process", "step", "round",
                                "loss", "tokens/s", "sent", "wait s"));
    for (const std::string& name : names_) lines.push_back(line_of(name, rows_.at(name)));
    lines.push_back(bar());
    for (std::string& line : lines) line.resize(std::min(line.size(), width_));
    return lines;
}

void LiveView::draw(bool now) {
    const Nanoseconds time = clock_.monotonic();
    if (!now && time - last_paint_ < (terminal_ ? terminal_pause : line_pause)) return;
    last_paint_ = time;
    std::string screen;
    if (terminal_) {
        if (painted_lines_ > 0) screen += fmt::format("\x1b[{}A", painted_lines_);
        for (const std::string& line : lines()) screen += "\x1b[2K" + line + "\n";
        painted_lines_ = lines().size();
    } else {
        screen = bar() + "\n";
    }
    std::fputs(screen.c_str(), stderr);
}

void LiveView::note(const std::string& text) {
    // A note scrolls above the table.
    if (terminal_ && painted_lines_ > 0) {
        std::fputs(fmt::format("\x1b[{}A\x1b[J", painted_lines_).c_str(), stderr);
        painted_lines_ = 0;
    }
    std::fputs((text + "\n").c_str(), stderr);
    if (terminal_) draw(true);
}

void LiveView::finish() {
    draw(true);
}

}  // namespace euromesh::apps
